"""Telugu forms.

Nouns: ``gender`` m, f (feminine agrees with neuter in the singular) or n; ``near`` is the oblique
that stands before దగ్గర. Verbs: past stem, its feminine/neuter form, present stem (in -ు),
negative stem and verbal noun; the endings are regular.
"""

# A row of a table is one line, however wide.
# ruff: noqa: E501

from babelmerge.data.controlled.languages.table import table

NOUNS = table("""
id        gender  one            many            accusative         accusatives       dative         near
ravi      m       రవి            -               రవిని              -                 రవికి          రవి
raju      m       రాజు           -               రాజును             -                 రాజుకు         రాజు
hari      m       హరి            -               హరిని              -                 హరికి          హరి
meena     f       మీనా           -               మీనాను             -                 మీనాకు         మీనా
sita      f       సీత            -               సీతను              -                 సీతకు          సీత
leela     f       లీల            -               లీలను              -                 లీలకు          లీల
boy       m       అబ్బాయి        అబ్బాయిలు       అబ్బాయిని          అబ్బాయిలను        అబ్బాయికి      అబ్బాయి
girl      f       అమ్మాయి        అమ్మాయిలు       అమ్మాయిని          అమ్మాయిలను        అమ్మాయికి      అమ్మాయి
woman     f       మహిళ           మహిళలు          మహిళను             మహిళలను           మహిళకు         మహిళ
farmer    m       రైతు           రైతులు          రైతును             రైతులను           రైతుకు         రైతు
worker    m       కార్మికుడు     కార్మికులు      కార్మికుడిని       కార్మికులను       కార్మికుడికి   కార్మికుడి
student   m       విద్యార్థి     విద్యార్థులు    విద్యార్థిని       విద్యార్థులను     విద్యార్థికి   విద్యార్థి
teacher   m       ఉపాధ్యాయుడు    ఉపాధ్యాయులు     ఉపాధ్యాయుడిని      ఉపాధ్యాయులను      ఉపాధ్యాయుడికి  ఉపాధ్యాయుడి
doctor    m       వైద్యుడు       వైద్యులు        వైద్యుడిని         వైద్యులను         వైద్యుడికి     వైద్యుడి
dog       n       కుక్క          కుక్కలు         కుక్కను            కుక్కలను          -              -
cat       n       పిల్లి         పిల్లులు        పిల్లిని           పిల్లులను         -              -
cow       n       ఆవు            ఆవులు           ఆవును              ఆవులను            -              -
horse     n       గుర్రం         గుర్రాలు        గుర్రాన్ని         గుర్రాలను         -              -
bird      n       పక్షి          పక్షులు         పక్షిని            పక్షులను          -              -
book      n       పుస్తకం        పుస్తకాలు       పుస్తకాన్ని        పుస్తకాలను        -              -
letter    n       ఉత్తరం         ఉత్తరాలు        ఉత్తరాన్ని         ఉత్తరాలను         -              -
story     n       కథ             కథలు            కథను               కథలను             -              -
picture   n       చిత్రం         చిత్రాలు        చిత్రాన్ని         చిత్రాలను         -              -
chair     n       కుర్చీ         కుర్చీలు        కుర్చీని           కుర్చీలను         -              -
bag       n       సంచి           సంచులు          సంచిని             సంచులను           -              -
box       n       పెట్టె         పెట్టెలు        పెట్టెను           పెట్టెలను         -              -
clock     n       గడియారం        గడియారాలు       గడియారాన్ని        గడియారాలను        -              -
shirt     n       చొక్కా         చొక్కాలు        చొక్కాను           చొక్కాలను         -              -
hat       n       టోపీ           టోపీలు          టోపీని             టోపీలను           -              -
ball      n       బంతి           బంతులు          బంతిని             బంతులను           -              -
car       n       కారు           కార్లు          కారును             కార్లను           -              -
umbrella  n       గొడుగు         గొడుగులు        గొడుగును           గొడుగులను         -              -
ring      n       ఉంగరం          ఉంగరాలు         ఉంగరాన్ని          ఉంగరాలను          -              -
doll      n       బొమ్మ          బొమ్మలు         బొమ్మను            బొమ్మలను          -              -
banana    n       అరటిపండు       అరటిపండ్లు      అరటిపండును         అరటిపండ్లను       -              -
egg       n       గుడ్డు         గుడ్లు          గుడ్డును           గుడ్లను           -              -
orange    n       నారింజపండు     నారింజపండ్లు    నారింజపండును       నారింజపండ్లను     -              -
who       p       ఎవరు           -               -                  -                 -              -
what      n       ఏమి            -               -                  -                 -              -
""")

VERBS = table("""
id       light   past        past_f       present     negative    noun
read     -       చదివ్       చదివింది     చదువుతు     చదవ         చదవడం
write    -       రాశ్        రాసింది      రాస్తు      రాయ         రాయడం
buy      -       కొన్న్      కొంది        కొంటు       కొన         కొనడం
sell     -       అమ్మ్       అమ్మింది     అమ్ముతు     అమ్మ        అమ్మడం
take     -       తీసుకున్న్  తీసుకుంది    తీసుకుంటు   తీసుకో      తీసుకోవడం
look_at  -       చూశ్        చూసింది      చూస్తు      చూడ         చూడడం
eat      -       తిన్న్      తింది        తింటు       తిన         తినడం
call     -       పిలిచ్      పిలిచింది    పిలుస్తు    పిలవ        పిలవడం
sleep    -       నిద్రపోయ్   నిద్రపోయింది నిద్రపోతు   నిద్రపో     నిద్రపోవడం
play     -       ఆడుకున్న్   ఆడుకుంది     ఆడుకుంటు    ఆడుకో       ఆడుకోవడం
work     పని     చేశ్        చేసింది      చేస్తు      చేయ         చేయడం
cook     వంట     చేశ్        చేసింది      చేస్తు      చేయ         చేయడం
sing     -       పాడ్        పాడింది      పాడుతు      పాడ         పాడడం
laugh    -       నవ్వ్       నవ్వింది     నవ్వుతు     నవ్వ        నవ్వడం
go       -       వెళ్ళ్      వెళ్ళింది    వెళ్తు      వెళ్ళ       వెళ్ళడం
come     -       వచ్చ్       వచ్చింది     వస్తు       రా          రావడం
return   తిరిగి  వచ్చ్       వచ్చింది     వస్తు       రా          రావడం
give     -       ఇచ్చ్       ఇచ్చింది     ఇస్తు       ఇవ్వ        ఇవ్వడం
send     -       పంప్        పంపింది      పంపుతు      పంప         పంపడం
""")

# The verb 'be' by agreement class: m, f (and neuter singular), p (people), n (neuter plural).
BE = table("""
id            m         f            p           n
present       ఉన్నాడు   ఉంది         ఉన్నారు     ఉన్నాయి
past          ఉన్నాడు   ఉంది         ఉన్నారు     ఉన్నాయి
used_to       -         ఉండేది       -           ఉండేవి
future        ఉంటాడు    ఉంటుంది      ఉంటారు      ఉంటాయి
not_present   లేడు      లేదు         లేరు        లేవు
not_past      లేడు      లేదు         లేరు        లేవు
not_used_to   -         ఉండేది_కాదు  -           ఉండేవి_కావు
not_future    ఉండడు     ఉండదు        ఉండరు       ఉండవు
""")

PLACES = table("""
id           at              to              from
market       బజారులో         బజారుకు         బజారు_నుండి
school       బడిలో           బడికి           బడి_నుండి
garden       తోటలో           తోటకు           తోట_నుండి
village      గ్రామంలో        గ్రామానికి      గ్రామం_నుండి
city         నగరంలో          నగరానికి        నగరం_నుండి
forest       అడవిలో          అడవికి          అడవి_నుండి
shop         దుకాణంలో        దుకాణానికి      దుకాణం_నుండి
hospital     ఆసుపత్రిలో      ఆసుపత్రికి      ఆసుపత్రి_నుండి
library      గ్రంథాలయంలో     గ్రంథాలయానికి   గ్రంథాలయం_నుండి
field        పొలంలో          పొలానికి        పొలం_నుండి
home         ఇంట్లో          ఇంటికి          ఇంటి_నుండి
on_table     బల్ల_మీద        -               -
under_table  బల్ల_కింద       -               -
on_chair     కుర్చీ_మీద      -               -
under_chair  కుర్చీ_కింద     -               -
in_box       పెట్టెలో        -               -
in_bag       సంచిలో          -               -
where        ఎక్కడ           ఎక్కడికి        ఎక్కడి_నుండి
""")

ADJECTIVES = table("""
id         attribute  predicate
big        పెద్ద      పెద్దగా
small      చిన్న      చిన్నగా
new        కొత్త      కొత్తగా
old        పాత        పాతగా
red        ఎర్ర       ఎర్రగా
white      తెల్ల      తెల్లగా
black      నల్ల       నల్లగా
beautiful  అందమైన     అందంగా
expensive  ఖరీదైన     ఖరీదుగా
cheap      చవకైన      చవకగా
heavy      బరువైన     బరువుగా
clean      శుభ్రమైన   శుభ్రంగా
dirty      మురికి     మురికిగా
tall       పొడవైన     -
clever     తెలివైన    -
poor       పేద        -
good       మంచి       -
happy      -          సంతోషంగా
sad        -          విచారంగా
ready      -          సిద్ధంగా
alone      -          ఒంటరిగా
healthy    -          ఆరోగ్యంగా
safe       -          సురక్షితంగా
calm       -          ప్రశాంతంగా
""")

WORDS = table("""
id                form
slowly            నెమ్మదిగా
quickly           వేగంగా
happily           సంతోషంగా
very              చాలా
a                 ఒక
two               రెండు
three             మూడు
four              నాలుగు
two_people        ఇద్దరు
three_people      ముగ్గురు
four_people       నలుగురు
now               ఇప్పుడు
every_day         ప్రతి_రోజూ
every_morning     ప్రతి_రోజూ_ఉదయం
every_evening     ప్రతి_రోజూ_సాయంత్రం
every_week        ప్రతి_వారం
yesterday         నిన్న
last_night        నిన్న_రాత్రి
this_morning      ఈ_రోజు_ఉదయం
last_week         పోయిన_వారం
tomorrow          రేపు
tomorrow_morning  రేపు_ఉదయం
next_week         వచ్చే_వారం
soon              త్వరలో
""")
