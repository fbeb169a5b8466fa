"""Japanese forms.

Nouns: the word, its counter, and whether it is alive (y or n), which decides between いる and ある
and how its plural is marked. Verbs: the stem before ます, the form before います, the particle of
the object. Adjectives: the part that does not change, and what follows it: い, な (nominal) or て
(a verb that lasts, in the form before います); ``attribute`` is the form before a noun. Places are
bare.
"""

from babelmerge.data.controlled.languages.table import table

NOUNS = table("""
id          form        counter  alive
ravi        ラビさん    人       y
raju        ラジュさん  人       y
hari        ハリさん    人       y
meena       ミーナさん  人       y
sita        シータさん  人       y
leela       リーラさん  人       y
boy         男の子      人       y
girl        女の子      人       y
woman       女性        人       y
farmer      農夫        人       y
worker      作業員      人       y
student     学生        人       y
teacher     先生        人       y
doctor      医者        人       y
dog         犬          匹       y
cat         猫          匹       y
cow         牛          頭       y
horse       馬          頭       y
bird        鳥          羽       y
book        本          冊       n
letter      手紙        通       n
story       物語        つ       n
picture     絵          枚       n
chair       椅子        脚       n
bag         かばん      つ       n
box         箱          つ       n
clock       時計        つ       n
shirt       シャツ      枚       n
hat         帽子        つ       n
ball        ボール      つ       n
car         車          台       n
umbrella    傘          本       n
ring        指輪        つ       n
doll        人形        つ       n
banana      バナナ      本       n
egg         卵          つ       n
orange      オレンジ    つ       n
room        部屋        つ       n
hotel       ホテル      軒       n
restaurant  レストラン  軒       n
kitchen     台所        つ       n
bread       パン        つ       n
cake        ケーキ      つ       n
cheese      チーズ      つ       n
film        映画        本       n
song        歌          曲       n
phone       携帯電話    台       n
train       電車        本       n
waiter      店員        人       y
thing       もの        つ       n
animal      動物        匹       y
who         誰          人       y
what        何          つ       n
""")

VERBS = table("""
id       polite  lasting   object
read     読み    読んで    を
write    書き    書いて    を
buy      買い    買って    を
sell     売り    売って    を
take     取り    取って    を
look_at  見      見て      を
eat      食べ    食べて    を
call     呼び    呼んで    を
sleep    寝      寝て      -
play     遊び    遊んで    -
work     働き    働いて    -
cook     料理し  料理して  -
sing     歌い    歌って    -
laugh    笑い    笑って    -
go       行き    行く      -
go_home  帰り    帰る      -
come     来      来る      -
return   戻り    戻る      -
give     あげ    あげて    を
send     送り    送って    を
""")

PLACES = table("""
id           form
market       市場
school       学校
garden       庭
village      村
city         町
forest       森
shop         店
hospital     病院
library      図書館
field        畑
home         家
on_table     テーブルの上
under_table  テーブルの下
on_chair     椅子の上
under_chair  椅子の下
in_box       箱の中
in_bag       かばんの中
where        どこ
""")

ADJECTIVES = table("""
id           stem          kind  attribute
big          大き          い    大きい
small        小さ          い    小さい
new          新し          い    新しい
old          古            い    古い
red          赤            い    赤い
white        白            い    白い
black        黒            い    黒い
beautiful    美し          い    美しい
expensive    高            い    高い
cheap        安            い    安い
heavy        重            い    重い
clean        清潔          な    清潔な
dirty        汚            い    汚い
tall         背が高        い    背の高い
clever       賢            い    賢い
poor         貧し          い    貧しい
good         よ            い    いい
happy        幸せ          な    -
sad          悲しんで      て    -
ready        準備ができて  て    -
alone        一人          な    -
healthy      元気          な    -
safe         無事          な    -
calm         落ち着いて    て    -
bad          ひど          い    ひどい
quiet        静か          な    静かな
loud         うるさ        い    うるさい
ugly         醜            い    醜い
tasty        おいし        い    おいしい
tasteless    まず          い    まずい
interesting  面白          い    面白い
boring       つまらな      い    つまらない
friendly     親切          な    親切な
rude         失礼          な    失礼な
fast         速            い    速い
slow         遅            い    遅い
""")

WORDS = table("""
id                form
slowly            ゆっくり
quickly           急いで
happily           楽しそうに
very              とても
a                 一
two               二
three             三
four              四
now               今
every_day         毎日
every_morning     毎朝
every_evening     毎晩
every_week        毎週
yesterday         昨日
last_night        昨夜
this_morning      今朝
last_week         先週
tomorrow          明日
tomorrow_morning  明日の朝
next_week         来週
soon              もうすぐ
""")
