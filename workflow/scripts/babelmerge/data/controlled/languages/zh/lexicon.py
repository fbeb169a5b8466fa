"""Chinese forms.

Nouns: the word, its classifier, and whether 'the' is said (那) or bare, as with titles and names.
Verbs: the word, the object inside it (睡觉) that aspect marks split off, and what a recipient
before the verb has (-: it follows the verb). Adjectives: ``kind`` is how they are predicated, with
很, between 是 and 的, or as they are (-); ``attribute`` is the form before a noun. Places: ``at``
is what follows 在, ``form`` a goal, or the place by itself.
"""

from babelmerge.data.controlled.languages.table import table

NOUNS = table("""
id          form    classifier  bare
ravi        拉维    个          y
raju        拉朱    个          y
hari        哈里    个          y
meena       米娜    个          y
sita        西塔    个          y
leela       莉拉    个          y
boy         男孩    个          n
girl        女孩    个          n
woman       女人    个          n
farmer      农民    个          n
worker      工人    个          n
student     学生    个          n
teacher     老师    位          y
doctor      医生    位          y
dog         狗      只          n
cat         猫      只          n
cow         牛      头          n
horse       马      匹          n
bird        鸟      只          n
book        书      本          n
letter      信      封          n
story       故事    个          n
picture     画      幅          n
chair       椅子    把          n
bag         包      个          n
box         箱子    个          n
clock       时钟    个          n
shirt       衬衫    件          n
hat         帽子    顶          n
ball        球      个          n
car         汽车    辆          n
umbrella    雨伞    把          n
ring        戒指    枚          n
doll        娃娃    个          n
banana      香蕉    根          n
egg         鸡蛋    个          n
orange      橙子    个          n
room        房间    个          n
hotel       酒店    家          n
restaurant  餐厅    家          n
kitchen     厨房    间          n
bread       面包    块          n
cake        蛋糕    块          n
cheese      奶酪    块          n
film        电影    部          n
song        歌      首          n
phone       手机    部          n
train       火车    列          n
waiter      服务员  个          n
thing       东西    样          n
animal      动物    只          n
who         谁      个          y
what        什么    个          y
""")

VERBS = table("""
id       form  inside  to
read     读    -       -
write    写    -       -
buy      买    -       -
sell     卖    -       -
take     拿    -       -
look_at  看    -       -
eat      吃    -       -
call     叫    -       -
sleep    睡    觉      -
play     玩    -       -
work     工作  -       -
cook     做    饭      -
sing     唱    歌      -
laugh    笑    -       -
go       去    -       -
come     来    -       -
return   回来  -       -
give     给    -       -
send     寄    -       给
""")

PLACES = table("""
id           at        form
market       市场      市场
school       学校      学校
garden       花园里    花园
village      村子里    村子里
city         城里      城里
forest       森林里    森林里
shop         商店      商店
hospital     医院      医院
library      图书馆    图书馆
field        田里      田里
home         家里      家里
on_table     桌子上    -
under_table  桌子下面  -
on_chair     椅子上    -
under_chair  椅子下面  -
in_box       箱子里    -
in_bag       包里      -
where        哪里      哪里
""")

ADJECTIVES = table("""
id           form      kind  attribute
big          大        很    大
small        小        很    小
new          新        是    新
old          旧        很    旧
red          红色      是    红色的
white        白色      是    白色的
black        黑色      是    黑色的
beautiful    漂亮      很    漂亮的
expensive    贵        很    昂贵的
cheap        便宜      很    便宜的
heavy        重        很    -
clean        干净      很    干净的
dirty        脏        很    脏
tall         高        很    高个子
clever       聪明      很    聪明的
poor         穷        很    贫穷的
good         好        很    好
happy        开心      很    -
sad          难过      很    -
ready        准备好    -     -
alone        独自一人  -     -
healthy      健康      很    -
safe         安全      很    -
calm         平静      很    -
bad          差        很    -
quiet        安静      很    -
loud         吵        很    -
ugly         难看      很    -
tasty        好吃      很    -
tasteless    难吃      很    -
interesting  精彩      很    -
boring       无聊      很    -
friendly     友好      很    -
rude         粗鲁      很    -
fast         快        很    -
slow         慢        很    -
""")

WORDS = table("""
id                form
slowly            慢慢地
quickly           迅速地
happily           开心地
very              非常
a                 一
two               两
three             三
four              四
now               现在
every_day         每天
every_morning     每天早上
every_evening     每天晚上
every_week        每周
yesterday         昨天
last_night        昨晚
this_morning      今天早上
last_week         上周
tomorrow          明天
tomorrow_morning  明天早上
next_week         下周
soon              很快
""")
