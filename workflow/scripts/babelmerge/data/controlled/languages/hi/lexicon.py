"""Hindi forms.

Nouns: gender, direct and oblique singular and plural; ``respect`` = y asks for the honorific plural
on the verb. Verbs: root, the four perfectives (ms mp fs fp), the future bases of the singular and
the plural, and whether the perfective takes ने. Adjectives: masculine direct singular, masculine
otherwise, feminine.
"""

from babelmerge.data.controlled.languages.table import table

NOUNS = table("""
id        gender  respect  direct    oblique   plural     oblique_plural
ravi      m       n        रवि       रवि       -          -
raju      m       n        राजू      राजू      -          -
hari      m       n        हरि       हरि       -          -
meena     f       n        मीना      मीना      -          -
sita      f       n        सीता      सीता      -          -
leela     f       n        लीला      लीला      -          -
boy       m       n        लड़का     लड़के     लड़के      लड़कों
girl      f       n        लड़की     लड़की     लड़कियाँ   लड़कियों
woman     f       n        औरत       औरत       औरतें      औरतों
farmer    m       n        किसान     किसान     किसान      किसानों
worker    m       n        मज़दूर    मज़दूर    मज़दूर     मज़दूरों
student   m       n        छात्र     छात्र     छात्र      छात्रों
teacher   m       y        शिक्षक    शिक्षक    शिक्षक     शिक्षकों
doctor    m       y        डॉक्टर    डॉक्टर    डॉक्टर     डॉक्टरों
dog       m       n        कुत्ता    कुत्ते    कुत्ते     कुत्तों
cat       f       n        बिल्ली    बिल्ली    बिल्लियाँ  बिल्लियों
cow       f       n        गाय       गाय       गायें      गायों
horse     m       n        घोड़ा     घोड़े     घोड़े      घोड़ों
bird      f       n        चिड़िया   चिड़िया   चिड़ियाँ   चिड़ियों
book      f       n        किताब     किताब     किताबें    किताबों
letter    f       n        चिट्ठी    चिट्ठी    चिट्ठियाँ  चिट्ठियों
story     f       n        कहानी     कहानी     कहानियाँ   कहानियों
picture   f       n        तस्वीर    तस्वीर    तस्वीरें   तस्वीरों
chair     f       n        कुर्सी    कुर्सी    कुर्सियाँ  कुर्सियों
bag       m       n        थैला      थैले      थैले       थैलों
box       m       n        बक्सा     बक्से     बक्से      बक्सों
clock     f       n        घड़ी      घड़ी      घड़ियाँ    घड़ियों
shirt     f       n        कमीज़     कमीज़     कमीज़ें    कमीज़ों
hat       f       n        टोपी      टोपी      टोपियाँ    टोपियों
ball      f       n        गेंद      गेंद      गेंदें     गेंदों
car       f       n        गाड़ी     गाड़ी     गाड़ियाँ   गाड़ियों
umbrella  m       n        छाता      छाते      छाते       छातों
ring      f       n        अँगूठी    अँगूठी    अँगूठियाँ  अँगूठियों
doll      f       n        गुड़िया   गुड़िया   गुड़ियाँ   गुड़ियों
banana    m       n        केला      केले      केले       केलों
egg       m       n        अंडा      अंडे      अंडे       अंडों
orange    m       n        संतरा     संतरे     संतरे      संतरों
who       m       n        कौन       किस       -          -
what      m       n        क्या      -         -          -
""")

VERBS = table("""
id       ergative  light   root     ms       mp      fs      fp      future_one  future_many
read     y         -       पढ़      पढ़ा     पढ़े    पढ़ी    पढ़ीं   पढ़े        पढ़ें
write    y         -       लिख      लिखा     लिखे    लिखी    लिखीं   लिखे        लिखें
buy      y         -       ख़रीद    ख़रीदा   ख़रीदे  ख़रीदी  ख़रीदीं ख़रीदे      ख़रीदें
sell     y         -       बेच      बेचा     बेचे    बेची    बेचीं   बेचे        बेचें
take     y         -       ले       लिया     लिए     ली      लीं     ले          लें
look_at  y         -       देख      देखा     देखे    देखी    देखीं   देखे        देखें
eat      y         -       खा       खाया     खाए     खाई     खाईं    खाए         खाएँ
call     y         -       बुला     बुलाया   बुलाए   बुलाई   बुलाईं  बुलाए       बुलाएँ
sleep    n         -       सो       सोया     सोए     सोई     सोईं    सोए         सोएँ
play     n         -       खेल      खेला     खेले    खेली    खेलीं   खेले        खेलें
work     y         काम     कर       किया     किए     की      कीं     करे         करें
cook     y         खाना    बना      बनाया    बनाए    बनाई    बनाईं   बनाए        बनाएँ
sing     y         गाना    गा       गाया     गाए     गाई     गाईं    गाए         गाएँ
laugh    n         -       हँस      हँसा     हँसे    हँसी    हँसीं   हँसे        हँसें
go       n         -       जा       गया      गए      गई      गईं     जाए         जाएँ
come     n         -       आ        आया      आए      आई      आईं     आए          आएँ
return   n         वापस    आ        आया      आए      आई      आईं     आए          आएँ
give     y         -       दे       दिया     दिए     दी      दीं     दे          दें
send     y         -       भेज      भेजा     भेजे    भेजी    भेजीं   भेजे        भेजें
stay     n         -       रह       था       थे      थी      थीं     रहे         रहें
have     n         -       हो       था       थे      थी      थीं     हो          हों
""")

PLACES = table("""
id           at                to            from
market       बाज़ार_में        बाज़ार        बाज़ार_से
school       स्कूल_में         स्कूल         स्कूल_से
garden       बगीचे_में         बगीचे_में     बगीचे_से
village      गाँव_में          गाँव          गाँव_से
city         शहर_में           शहर           शहर_से
forest       जंगल_में          जंगल_में      जंगल_से
shop         दुकान_में         दुकान_पर      दुकान_से
hospital     अस्पताल_में       अस्पताल       अस्पताल_से
library      पुस्तकालय_में     पुस्तकालय     पुस्तकालय_से
field        खेत_में           खेत_में       खेत_से
home         घर_पर             घर            घर_से
on_table     मेज़_पर           -             -
under_table  मेज़_के_नीचे      -             -
on_chair     कुर्सी_पर         -             -
under_chair  कुर्सी_के_नीचे    -             -
in_box       बक्से_में         -             -
in_bag       थैले_में          -             -
where        कहाँ              कहाँ          कहाँ_से
""")

ADJECTIVES = table("""
id         ms        m         f
big        बड़ा      बड़े      बड़ी
small      छोटा      छोटे      छोटी
new        नया       नए        नई
old        पुराना    पुराने    पुरानी
red        लाल       लाल       लाल
white      सफ़ेद     सफ़ेद     सफ़ेद
black      काला      काले      काली
beautiful  सुंदर     सुंदर     सुंदर
expensive  महँगा     महँगे     महँगी
cheap      सस्ता     सस्ते     सस्ती
heavy      भारी      भारी      भारी
clean      साफ़      साफ़      साफ़
dirty      गंदा      गंदे      गंदी
tall       लंबा      लंबे      लंबी
clever     होशियार   होशियार   होशियार
poor       ग़रीब     ग़रीब     ग़रीब
good       अच्छा     अच्छे     अच्छी
happy      ख़ुश      ख़ुश      ख़ुश
sad        उदास      उदास      उदास
ready      तैयार     तैयार     तैयार
alone      अकेला     अकेले     अकेली
healthy    स्वस्थ    स्वस्थ    स्वस्थ
safe       सुरक्षित  सुरक्षित  सुरक्षित
calm       शांत      शांत      शांत
""")

WORDS = table("""
id                form
slowly            धीरे-धीरे
quickly           तेज़ी_से
happily           ख़ुशी_से
very              बहुत
a                 एक
two               दो
three             तीन
four              चार
now               अभी
every_day         हर_दिन
every_morning     हर_सुबह
every_evening     हर_शाम
every_week        हर_हफ़्ते
yesterday         कल
last_night        कल_रात
this_morning      आज_सुबह
last_week         पिछले_हफ़्ते
tomorrow          कल
tomorrow_morning  कल_सुबह
next_week         अगले_हफ़्ते
soon              जल्द_ही
""")
