"""Dutch forms.

Nouns: article (none with names), singular and plural. Verbs: third person singular and
plural, participle and its auxiliary, infinitive, and the prefix that leaves the finite verb.
Adjectives: the predicate, and the form before a noun. ``place`` columns hold the whole phrase.
"""

from babelmerge.data.controlled.languages.table import table

NOUNS = table("""
id          article  one           many
ravi        -        Ravi          -
raju        -        Raju          -
hari        -        Hari          -
meena       -        Meena         -
sita        -        Sita          -
leela       -        Leela         -
boy         de       jongen        jongens
girl        het      meisje        meisjes
woman       de       vrouw         vrouwen
farmer      de       boer          boeren
worker      de       arbeider      arbeiders
student     de       student       studenten
teacher     de       leraar        leraren
doctor      de       dokter        dokters
dog         de       hond          honden
cat         de       kat           katten
cow         de       koe           koeien
horse       het      paard         paarden
bird        de       vogel         vogels
book        het      boek          boeken
letter      de       brief         brieven
story       het      verhaal       verhalen
picture     het      schilderij    schilderijen
chair       de       stoel         stoelen
bag         de       tas           tassen
box         de       doos          dozen
clock       de       klok          klokken
shirt       het      overhemd      overhemden
hat         de       hoed          hoeden
ball        de       bal           ballen
car         de       auto          auto's
umbrella    de       paraplu       paraplu's
ring        de       ring          ringen
doll        de       pop           poppen
banana      de       banaan        bananen
egg         het      ei            eieren
orange      de       sinaasappel   sinaasappels
room        de       kamer         kamers
hotel       het      hotel         hotels
restaurant  het      restaurant    restaurants
kitchen     de       keuken        keukens
bread       het      brood         broden
cake        de       taart         taarten
cheese      de       kaas          kazen
film        de       film          films
song        het      lied          liederen
phone       de       telefoon      telefoons
train       de       trein         treinen
waiter      de       ober          obers
thing       het      ding          dingen
animal      het      dier          dieren
who         -        wie           -
""")

VERBS = table("""
id       third     many      participle    auxiliary  infinitive  prefix
read     leest     lezen     gelezen       have       lezen       -
write    schrijft  schrijven geschreven    have       schrijven   -
buy      koopt     kopen     gekocht       have       kopen       -
sell     verkoopt  verkopen  verkocht      have       verkopen    -
take     neemt     nemen     genomen       have       nemen       -
look_at  bekijkt   bekijken  bekeken       have       bekijken    -
eat      eet       eten      gegeten       have       eten        -
call     roept     roepen    geroepen      have       roepen      -
sleep    slaapt    slapen    geslapen      have       slapen      -
play     speelt    spelen    gespeeld      have       spelen      -
work     werkt     werken    gewerkt       have       werken      -
cook     kookt     koken     gekookt       have       koken       -
sing     zingt     zingen    gezongen      have       zingen      -
laugh    lacht     lachen    gelachen      have       lachen      -
go       gaat      gaan      gegaan        be         gaan        -
come     komt      komen     gekomen       be         komen       -
return   komt      komen     teruggekomen  be         terugkomen  terug
give     geeft     geven     gegeven       have       geven       -
send     stuurt    sturen    gestuurd      have       sturen      -
""")

PLACES = table("""
id           at                 to                   from
market       op_de_markt        naar_de_markt        van_de_markt
school       op_school          naar_school          van_school
garden       in_de_tuin         naar_de_tuin         uit_de_tuin
village      in_het_dorp        naar_het_dorp        uit_het_dorp
city         in_de_stad         naar_de_stad         uit_de_stad
forest       in_het_bos         naar_het_bos         uit_het_bos
shop         in_de_winkel       naar_de_winkel       uit_de_winkel
hospital     in_het_ziekenhuis  naar_het_ziekenhuis  uit_het_ziekenhuis
library      in_de_bibliotheek  naar_de_bibliotheek  uit_de_bibliotheek
field        op_het_veld        naar_het_veld        van_het_veld
home         thuis              naar_huis            van_huis
on_table     op_de_tafel        -                    -
under_table  onder_de_tafel     -                    -
on_chair     op_de_stoel        -                    -
under_chair  onder_de_stoel     -                    -
in_box       in_de_doos         -                    -
in_bag       in_de_tas          -                    -
where        -                  naartoe              vandaan
""")

ADJECTIVES = table("""
id           form          inflected
big          groot         grote
small        klein         kleine
new          nieuw         nieuwe
old          oud           oude
red          rood          rode
white        wit           witte
black        zwart         zwarte
beautiful    mooi          mooie
expensive    duur          dure
cheap        goedkoop      goedkope
heavy        zwaar         zware
clean        schoon        schone
dirty        vuil          vuile
tall         lang          lange
clever       slim          slimme
poor         arm           arme
good         goed          goede
happy        blij          -
sad          verdrietig    -
ready        klaar         -
alone        alleen        -
healthy      gezond        -
safe         veilig        -
calm         kalm          -
bad          slecht        -
quiet        rustig        -
loud         lawaaierig    -
ugly         lelijk        -
tasty        lekker        -
tasteless    smakeloos     -
interesting  interessant   -
boring       saai          -
friendly     vriendelijk   -
rude         onbeleefd     -
fast         snel          -
slow         langzaam      -
""")

WORDS = table("""
id                form
slowly            langzaam
quickly           snel
happily           vrolijk
very              heel
two               twee
three             drie
four              vier
now               nu
every_day         elke_dag
every_morning     elke_ochtend
every_evening     elke_avond
every_week        elke_week
yesterday         gisteren
last_night        gisteravond
this_morning      vanochtend
last_week         vorige_week
tomorrow          morgen
tomorrow_morning  morgenochtend
next_week         volgende_week
soon              binnenkort
""")
