"""Russian forms.

Nouns: gender, whether they live (their accusative is then the genitive, but for feminines in the
singular), cases of the singular (the genitive also stands after two, three and four, where животное
has its plural) and, where they are needed, of the plural. Verbs: ``now`` is what
goes on now, singular and plural, ``habit`` what is done every day; past by gender and number;
future. Adjectives: the stem and how its endings are spelt; states have short forms. ``place``
columns hold the whole phrase.
"""

# A row of a table is one line, however wide.
# ruff: noqa: E501

from babelmerge.data.controlled.languages.table import table

NOUNS = table("""
id          gender  lives  one         genitive    dative      accusative  many         genitives
ravi        m       y      Рави        Рави        Рави        Рави        -            -
raju        m       y      Раджу       Раджу       Раджу       Раджу       -            -
hari        m       y      Хари        Хари        Хари        Хари        -            -
meena       f       y      Мина        Мины        Мине        Мину        -            -
sita        f       y      Сита        Ситы        Сите        Ситу        -            -
leela       f       y      Лила        Лилы        Лиле        Лилу        -            -
boy         m       y      мальчик     мальчика    мальчику    мальчика    мальчики     мальчиков
girl        f       y      девочка     девочки     девочке     девочку     девочки      девочек
woman       f       y      женщина     женщины     женщине     женщину     женщины      женщин
farmer      m       y      фермер      фермера     фермеру     фермера     фермеры      фермеров
worker      m       y      работник    работника   работнику   работника   работники    работников
student     m       y      студент     студента    студенту    студента    студенты     студентов
teacher     m       y      учитель     учителя     учителю     учителя     учителя      учителей
doctor      m       y      врач        врача       врачу       врача       врачи        врачей
dog         f       y      собака      собаки      -           собаку      собаки       собак
cat         f       y      кошка       кошки       -           кошку       кошки        кошек
cow         f       y      корова      коровы      -           корову      коровы       коров
horse       f       y      лошадь      лошади      -           лошадь      лошади       лошадей
bird        f       y      птица       птицы       -           птицу       птицы        птиц
book        f       n      книга       книги       -           книгу       книги        книг
letter      n       n      письмо      письма      -           письмо      письма       писем
story       m       n      рассказ     рассказа    -           рассказ     рассказы     рассказов
picture     f       n      картина     картины     -           картину     картины      картин
chair       m       n      стул        стула       -           стул        стулья       стульев
bag         f       n      сумка       сумки       -           сумку       сумки        сумок
box         f       n      коробка     коробки     -           коробку     коробки      коробок
clock       m       n      будильник   будильника  -           будильник   будильники   будильников
shirt       f       n      рубашка     рубашки     -           рубашку     рубашки      рубашек
hat         f       n      шляпа       шляпы       -           шляпу       шляпы        шляп
ball        m       n      мяч         мяча        -           мяч         мячи         мячей
car         f       n      машина      машины      -           машину      машины       машин
umbrella    m       n      зонт        зонта       -           зонт        зонты        зонтов
ring        n       n      кольцо      кольца      -           кольцо      кольца       колец
doll        f       n      кукла       куклы       -           куклу       куклы        кукол
banana      m       n      банан       банана      -           банан       бананы       бананов
egg         n       n      яйцо        яйца        -           яйцо        яйца         яиц
orange      m       n      апельсин    апельсина   -           апельсин    апельсины    апельсинов
room        f       n      комната     комнаты     -           комнату     комнаты      комнат
hotel       f       n      гостиница   гостиницы   -           гостиницу   гостиницы    гостиниц
restaurant  m       n      ресторан    ресторана   -           ресторан    рестораны    ресторанов
kitchen     f       n      кухня       кухни       -           кухню       кухни        кухонь
bread       m       n      хлеб        хлеба       -           хлеб        хлебы        хлебов
cake        m       n      торт        торта       -           торт        торты        тортов
cheese      m       n      сыр         сыра        -           сыр         сыры         сыров
film        m       n      фильм       фильма      -           фильм       фильмы       фильмов
song        f       n      песня       песни       -           песню       песни        песен
phone       m       n      телефон     телефона    -           телефон     телефоны     телефонов
train       m       n      поезд       поезда      -           поезд       поезда       поездов
waiter      m       y      официант    официанта   официанту   официанта   официанты    официантов
thing       f       n      вещь        вещи        -           вещь        вещи         вещей
animal      n       y      животное    животных    -           животное    животные     животных
who         m       y      кто         -           -           -           -            -
what        n       n      что         -           -           что         -            -
""")

VERBS = table("""
id       habit_one     habit_many     now_one       now_many       past_m    past_f      past_n      past_p      future_one     future_many
read     читает        читают         читает        читают         прочитал  прочитала   прочитало   прочитали   прочитает      прочитают
write    пишет         пишут          пишет         пишут          написал   написала    написало    написали    напишет        напишут
buy      покупает      покупают       покупает      покупают       купил     купила      купило      купили      купит          купят
sell     продаёт       продают        продаёт       продают        продал    продала     продало     продали     продаст        продадут
take     берёт         берут          берёт         берут          взял      взяла       взяло       взяли       возьмёт        возьмут
look_at  смотрит       смотрят        смотрит       смотрят        посмотрел посмотрела  посмотрело  посмотрели  посмотрит      посмотрят
eat      ест           едят           ест           едят           съел      съела       съело       съели       съест          съедят
call     зовёт         зовут          зовёт         зовут          позвал    позвала     позвало     позвали     позовёт        позовут
sleep    спит          спят           спит          спят           спал      спала       спало       спали       будет_спать    будут_спать
play     играет        играют         играет        играют         играл     играла      играло      играли      будет_играть   будут_играть
work     работает      работают       работает      работают       работал   работала    работало    работали    будет_работать будут_работать
cook     готовит       готовят        готовит       готовят        готовил   готовила    готовило    готовили    будет_готовить будут_готовить
sing     поёт          поют           поёт          поют           пел       пела        пело        пели        будет_петь     будут_петь
laugh    смеётся       смеются        смеётся       смеются        смеялся   смеялась    смеялось    смеялись    будет_смеяться будут_смеяться
go       ходит         ходят          идёт          идут           пошёл     пошла       пошло       пошли       пойдёт         пойдут
come     приходит      приходят       идёт          идут           пришёл    пришла      пришло      пришли      придёт         придут
approach -             -              подходит      подходят       -         -           -           -           -              -
return   возвращается  возвращаются   возвращается  возвращаются   вернулся  вернулась   вернулось   вернулись   вернётся       вернутся
give     даёт          дают           даёт          дают           дал       дала        дало        дали        даст           дадут
send     отправляет    отправляют     отправляет    отправляют     отправил  отправила   отправило   отправили   отправит       отправят
""")

PLACES = table("""
id           at             to             from           toward
market       на_рынке       на_рынок       с_рынка        к_рынку
school       в_школе        в_школу        из_школы       к_школе
garden       в_саду         в_сад          из_сада        к_саду
village      в_деревне      в_деревню      из_деревни     к_деревне
city         в_городе       в_город        из_города      к_городу
forest       в_лесу         в_лес          из_леса        к_лесу
shop         в_магазине     в_магазин      из_магазина    к_магазину
hospital     в_больнице     в_больницу     из_больницы    к_больнице
library      в_библиотеке   в_библиотеку   из_библиотеки  к_библиотеке
field        на_поле        на_поле        с_поля         к_полю
home         дома           домой          из_дома        к_дому
on_table     на_столе       -              -              -
under_table  под_столом     -              -              -
on_chair     на_стуле       -              -              -
under_chair  под_стулом     -              -              -
in_box       в_коробке      -              -              -
in_bag       в_сумке        -              -              -
where        где            куда           откуда         -
""")

# Spelling: plain (-ый), stressed (-ой), after к г х (-ий), both (-ой), hushing (хороший).
ADJECTIVES = table("""
id           stem        spelling
big          больш       both
small        маленьк     velar
new          нов         plain
old          стар        plain
red          красн       plain
white        бел         plain
black        чёрн        plain
beautiful    красив      plain
expensive    дорог       both
cheap        дешёв       plain
heavy        тяжёл       plain
clean        чист        plain
dirty        грязн       plain
tall         высок       velar
clever       умн         plain
poor         бедн        plain
good         хорош       hushing
bad          плох        both
quiet        тих         velar
loud         шумн        plain
ugly         некрасив    plain
tasty        вкусн       plain
tasteless    безвкусн    plain
interesting  интересн    plain
boring       скучн       plain
friendly     приветлив   plain
rude         груб        plain
fast         быстр       plain
slow         медленн     plain
""")

STATES = table("""
id       m               f               n               p
happy    счастлив        счастлива       счастливо       счастливы
sad      грустен         грустна         грустно         грустны
ready    готов           готова          готово          готовы
alone    один            одна            одно            одни
healthy  здоров          здорова         здорово         здоровы
safe     в_безопасности  в_безопасности  в_безопасности  в_безопасности
calm     спокоен         спокойна        спокойно        спокойны
""")

WORDS = table("""
id                form
slowly            медленно
quickly           быстро
happily           весело
very              очень
three             три
four              четыре
now               сейчас
every_day         каждый_день
every_morning     каждое_утро
every_evening     каждый_вечер
every_week        каждую_неделю
yesterday         вчера
last_night        вчера_вечером
this_morning      сегодня_утром
last_week         на_прошлой_неделе
tomorrow          завтра
tomorrow_morning  завтра_утром
next_week         на_следующей_неделе
soon              скоро
""")
