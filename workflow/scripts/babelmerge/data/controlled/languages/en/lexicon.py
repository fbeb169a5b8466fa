"""English forms. Names have no article; ``place`` columns hold the whole phrase."""

from babelmerge.data.controlled.languages.table import table

NOUNS = table("""
id          one         many
ravi        Ravi        -
raju        Raju        -
hari        Hari        -
meena       Meena       -
sita        Sita        -
leela       Leela       -
boy         boy         boys
girl        girl        girls
woman       woman       women
farmer      farmer      farmers
worker      worker      workers
student     student     students
teacher     teacher     teachers
doctor      doctor      doctors
dog         dog         dogs
cat         cat         cats
cow         cow         cows
horse       horse       horses
bird        bird        birds
book        book        books
letter      letter      letters
story       story       stories
picture     picture     pictures
chair       chair       chairs
bag         bag         bags
box         box         boxes
clock       clock       clocks
shirt       shirt       shirts
hat         hat         hats
ball        ball        balls
car         car         cars
umbrella    umbrella    umbrellas
ring        ring        rings
doll        doll        dolls
banana      banana      bananas
egg         egg         eggs
orange      orange      oranges
room        room        rooms
hotel       hotel       hotels
restaurant  restaurant  restaurants
kitchen     kitchen     kitchens
bread       bread       breads
cake        cake        cakes
cheese      cheese      cheeses
film        film        films
song        song        songs
phone       phone       phones
train       train       trains
waiter      waiter      waiters
thing       thing       things
animal      animal      animals
who         who         -
what        what        -
""")

VERBS = table("""
id       base    third    past      ing        particle
read     read    reads    read      reading    -
write    write   writes   wrote     writing    -
buy      buy     buys     bought    buying     -
sell     sell    sells    sold      selling    -
take     take    takes    took      taking     -
look_at  look    looks    looked    looking    at
eat      eat     eats     ate       eating     -
call     call    calls    called    calling    -
sleep    sleep   sleeps   slept     sleeping   -
play     play    plays    played    playing    -
work     work    works    worked    working    -
cook     cook    cooks    cooked    cooking    -
sing     sing    sings    sang      singing    -
laugh    laugh   laughs   laughed   laughing   -
go       go      goes     went      going      -
come     come    comes    came      coming     -
return   return  returns  returned  returning  -
give     give    gives    gave      giving     -
send     send    sends    sent      sending    -
have     have    has      had       having     -
""")

PLACES = table("""
id           at               to               from
market       at_the_market    to_the_market    from_the_market
school       at_the_school    to_the_school    from_the_school
garden       in_the_garden    to_the_garden    from_the_garden
village      in_the_village   to_the_village   from_the_village
city         in_the_city      to_the_city      from_the_city
forest       in_the_forest    to_the_forest    from_the_forest
shop         at_the_shop      to_the_shop      from_the_shop
hospital     at_the_hospital  to_the_hospital  from_the_hospital
library      in_the_library   to_the_library   from_the_library
field        in_the_field     to_the_field     from_the_field
home         at_home          home             from_home
on_table     on_the_table     -                -
under_table  under_the_table  -                -
on_chair     on_the_chair     -                -
under_chair  under_the_chair  -                -
in_box       in_the_box       -                -
in_bag       in_the_bag       -                -
""")

WORDS = table("""
id                form
big               big
small             small
new               new
old               old
red               red
white             white
black             black
beautiful         beautiful
expensive         expensive
cheap             cheap
heavy             heavy
clean             clean
dirty             dirty
tall              tall
clever            clever
poor              poor
good              good
happy             happy
sad               sad
ready             ready
alone             alone
healthy           healthy
safe              safe
calm              calm
bad               bad
quiet             quiet
loud              loud
ugly              ugly
tasty             tasty
tasteless         tasteless
interesting       interesting
boring            boring
friendly          friendly
rude              rude
fast              fast
slow              slow
slowly            slowly
quickly           quickly
happily           happily
very              very
two               two
three             three
four              four
now               now
every_day         every_day
every_morning     every_morning
every_evening     every_evening
every_week        every_week
yesterday         yesterday
last_night        last_night
this_morning      this_morning
last_week         last_week
tomorrow          tomorrow
tomorrow_morning  tomorrow_morning
next_week         next_week
soon              soon
""")
