"""Arabic forms, without short vowels.

Nouns: gender, who they are (people; a thing's plural agrees as a feminine singular does), singular,
plural, its oblique case, and the singular with the article. Verbs: the past of m, f and the human
plurals mm, ff; the present of m, mm and ff, of which the others follow; the jussive of m.
Adjectives: m, f, the accusative of the indefinite m, and the masculine human plural with its
oblique case. Duals follow by rule. ``place`` columns hold the whole phrase.
"""

from babelmerge.data.controlled.languages.table import table

NOUNS = table("""
id          gender  people  one      many     manies   definite
ravi        m       y       رافي     -        -        -
raju        m       y       راجو     -        -        -
hari        m       y       هاري     -        -        -
meena       f       y       مينا     -        -        -
sita        f       y       سيتا     -        -        -
leela       f       y       ليلا     -        -        -
boy         m       y       ولد      أولاد    أولاد    الولد
girl        f       y       بنت      بنات     بنات     البنت
woman       f       y       امرأة    نساء     نساء     المرأة
farmer      m       y       مزارع    مزارعون  مزارعين  المزارع
worker      m       y       عامل     عمال     عمال     العامل
student     m       y       طالب     طلاب     طلاب     الطالب
teacher     m       y       معلم     معلمون   معلمين   المعلم
doctor      m       y       طبيب     أطباء    أطباء    الطبيب
dog         m       n       كلب      كلاب     كلاب     الكلب
cat         f       n       قطة      قطط      قطط      القطة
cow         f       n       بقرة     بقرات    بقرات    البقرة
horse       m       n       حصان     أحصنة    أحصنة    الحصان
bird        m       n       عصفور    عصافير   عصافير   العصفور
book        m       n       كتاب     كتب      كتب      الكتاب
letter      f       n       رسالة    رسائل    رسائل    الرسالة
story       f       n       قصة      قصص      قصص      القصة
picture     f       n       صورة     صور      صور      الصورة
chair       m       n       كرسي     كراسي    كراسي    الكرسي
bag         f       n       حقيبة    حقائب    حقائب    الحقيبة
box         m       n       صندوق    صناديق   صناديق   الصندوق
clock       f       n       ساعة     ساعات    ساعات    الساعة
shirt       m       n       قميص     قمصان    قمصان    القميص
hat         f       n       قبعة     قبعات    قبعات    القبعة
ball        f       n       كرة      كرات     كرات     الكرة
car         f       n       سيارة    سيارات   سيارات   السيارة
umbrella    f       n       مظلة     مظلات    مظلات    المظلة
ring        m       n       خاتم     خواتم    خواتم    الخاتم
doll        f       n       دمية     دمى      دمى      الدمية
banana      f       n       موزة     موزات    موزات    الموزة
egg         f       n       بيضة     بيضات    بيضات    البيضة
orange      f       n       برتقالة  برتقالات برتقالات البرتقالة
room        f       n       غرفة     غرف      غرف      الغرفة
hotel       m       n       فندق     فنادق    فنادق    الفندق
restaurant  m       n       مطعم     مطاعم    مطاعم    المطعم
kitchen     m       n       مطبخ     مطابخ    مطابخ    المطبخ
bread       m       n       خبز      أخباز    أخباز    الخبز
cake        f       n       كعكة     كعكات    كعكات    الكعكة
cheese      f       n       جبنة     أجبان    أجبان    الجبنة
film        m       n       فيلم     أفلام    أفلام    الفيلم
song        f       n       أغنية    أغنيات   أغنيات   الأغنية
phone       m       n       هاتف     هواتف    هواتف    الهاتف
train       m       n       قطار     قطارات   قطارات   القطار
waiter      m       y       نادل     ندل      ندل      النادل
thing       m       n       شيء      أشياء    أشياء    الشيء
animal      m       n       حيوان    حيوانات  حيوانات  الحيوان
who         m       y       من       -        -        -
what        m       n       ماذا     -        -        -
""")

VERBS = table("""
id       past_m  past_f  past_mm  past_ff  present  present_mm  present_ff  jussive
read     قرأ     قرأت    قرؤوا    قرأن     يقرأ     يقرؤون      يقرأن       يقرأ
write    كتب     كتبت    كتبوا    كتبن     يكتب     يكتبون      يكتبن       يكتب
buy      اشترى   اشترت   اشتروا   اشترين   يشتري    يشترون      يشترين      يشتر
sell     باع     باعت    باعوا    بعن      يبيع     يبيعون      يبعن        يبع
take     أخذ     أخذت    أخذوا    أخذن     يأخذ     يأخذون      يأخذن       يأخذ
look_at  نظر     نظرت    نظروا    نظرن     ينظر     ينظرون      ينظرن       ينظر
eat      أكل     أكلت    أكلوا    أكلن     يأكل     يأكلون      يأكلن       يأكل
call     نادى    نادت    نادوا    نادين    ينادي    ينادون      ينادين      يناد
sleep    نام     نامت    ناموا    نمن      ينام     ينامون      ينمن        ينم
play     لعب     لعبت    لعبوا    لعبن     يلعب     يلعبون      يلعبن       يلعب
work     عمل     عملت    عملوا    عملن     يعمل     يعملون      يعملن       يعمل
cook     طبخ     طبخت    طبخوا    طبخن     يطبخ     يطبخون      يطبخن       يطبخ
sing     غنى     غنت     غنوا     غنين     يغني     يغنون       يغنين       يغن
laugh    ضحك     ضحكت    ضحكوا    ضحكن     يضحك     يضحكون      يضحكن       يضحك
go       ذهب     ذهبت    ذهبوا    ذهبن     يذهب     يذهبون      يذهبن       يذهب
come     أتى     أتت     أتوا     أتين     يأتي     يأتون       يأتين       يأت
return   عاد     عادت    عادوا    عدن      يعود     يعودون      يعدن        يعد
give     أعطى    أعطت    أعطوا    أعطين    يعطي     يعطون       يعطين       يعط
send     أرسل    أرسلت   أرسلوا   أرسلن    يرسل     يرسلون      يرسلن       يرسل
be       كان     كانت    كانوا    كن       يكون     يكونون      يكن         يكن
""")

PLACES = table("""
id           at            to              from
market       في_السوق      إلى_السوق       من_السوق
school       في_المدرسة    إلى_المدرسة     من_المدرسة
garden       في_الحديقة    إلى_الحديقة     من_الحديقة
village      في_القرية     إلى_القرية      من_القرية
city         في_المدينة    إلى_المدينة     من_المدينة
forest       في_الغابة     إلى_الغابة      من_الغابة
shop         في_المتجر     إلى_المتجر      من_المتجر
hospital     في_المستشفى   إلى_المستشفى    من_المستشفى
library      في_المكتبة    إلى_المكتبة     من_المكتبة
field        في_الحقل      إلى_الحقل       من_الحقل
home         في_البيت      إلى_البيت       من_البيت
on_table     على_الطاولة   -               -
under_table  تحت_الطاولة   -               -
on_chair     على_الكرسي    -               -
under_chair  تحت_الكرسي    -               -
in_box       في_الصندوق    -               -
in_bag       في_الحقيبة    -               -
where        أين           إلى_أين         من_أين
""")

ADJECTIVES = table("""
id           m           f            accusative  many     manies
big          كبير        كبيرة        كبيرًا      -        -
small        صغير        صغيرة        صغيرًا      -        -
new          جديد        جديدة        جديدًا      -        -
old          قديم        قديمة        قديمًا      -       -
red          أحمر        حمراء        أحمر        -        -
white        أبيض        بيضاء        أبيض        -        -
black        أسود        سوداء        أسود        -        -
beautiful    جميل        جميلة        جميلًا      -        -
expensive    ثمين        ثمينة        ثمينًا      -        -
cheap        رخيص        رخيصة        رخيصًا      -        -
heavy        ثقيل        ثقيلة        ثقيلًا      -        -
clean        نظيف        نظيفة        نظيفًا      -        -
dirty        متسخ        متسخة        متسخًا      -        -
tall         طويل        طويلة        طويلًا      طوال     طوال
clever       ذكي         ذكية         ذكيًا       أذكياء   أذكياء
poor         فقير        فقيرة        فقيرًا      فقراء    فقراء
good         جيد         جيدة         جيدًا       جيدون    جيدين
happy        سعيد        سعيدة        سعيدًا      سعداء    سعداء
sad          حزين        حزينة        حزينًا      حزينون   حزينين
ready        جاهز        جاهزة        جاهزًا      جاهزون   جاهزين
calm         هادئ        هادئة        هادئًا      هادئون   هادئين
bad          سيئ         سيئة         سيئًا       -        -
quiet        هادئ        هادئة        هادئًا      -        -
loud         صاخب        صاخبة        صاخبًا      -        -
ugly         قبيح        قبيحة        قبيحًا      -        -
tasty        لذيذ        لذيذة        لذيذًا      -        -
tasteless    عديم_الطعم  عديمة_الطعم  عديم_الطعم  -        -
interesting  شيق         شيقة         شيقًا       -        -
boring       ممل         مملة         مملًا       -        -
friendly     ودود        ودودة        ودودًا      -        -
rude         وقح         وقحة         وقحًا       -        -
fast         سريع        سريعة        سريعًا      -        -
slow         بطيء        بطيئة        بطيئًا      -        -
""")

# States that are no adjectives, by what they agree with: m, f, and the human plurals.
STATES = table("""
id       m           f           mm          ff
alone    وحده        وحدها       وحدهم       وحدهن
healthy  بصحة_جيدة   بصحة_جيدة   بصحة_جيدة   بصحة_جيدة
safe     في_أمان     في_أمان     في_أمان     في_أمان
""")

WORDS = table("""
id                form
slowly            ببطء
quickly           بسرعة
happily           بفرح
very              جدًا
now               الآن
every_day         كل_يوم
every_morning     كل_صباح
every_evening     كل_مساء
every_week        كل_أسبوع
yesterday         أمس
last_night        الليلة_الماضية
this_morning      هذا_الصباح
last_week         الأسبوع_الماضي
tomorrow          غدًا
tomorrow_morning  صباح_الغد
next_week         الأسبوع_القادم
soon              قريبًا
""")
