"""German forms.

Nouns: gender (m f n), nominative singular and plural, accusative and dative singular, which differ
only in weak masculines. Verbs: third person singular and plural, participle and its auxiliary,
infinitive, and the prefix that leaves the finite verb. Adjectives: the predicate, and the stem that
endings join. ``place`` columns hold the whole phrase.
"""

from babelmerge.data.controlled.languages.table import table

NOUNS = table("""
id          gender  one          many          accusative   dative
ravi        m       Ravi         -             Ravi         Ravi
raju        m       Raju         -             Raju         Raju
hari        m       Hari         -             Hari         Hari
meena       f       Meena        -             Meena        Meena
sita        f       Sita         -             Sita         Sita
leela       f       Leela        -             Leela        Leela
boy         m       Junge        Jungen        Jungen       Jungen
girl        n       Mädchen      Mädchen       Mädchen      Mädchen
woman       f       Frau         Frauen        Frau         Frau
farmer      m       Bauer        Bauern        Bauern       Bauern
worker      m       Arbeiter     Arbeiter      Arbeiter     Arbeiter
student     m       Student      Studenten     Studenten    Studenten
teacher     m       Lehrer       Lehrer        Lehrer       Lehrer
doctor      m       Arzt         Ärzte         Arzt         Arzt
dog         m       Hund         Hunde         Hund         Hund
cat         f       Katze        Katzen        Katze        Katze
cow         f       Kuh          Kühe          Kuh          Kuh
horse       n       Pferd        Pferde        Pferd        Pferd
bird        m       Vogel        Vögel         Vogel        Vogel
book        n       Buch         Bücher        Buch         Buch
letter      m       Brief        Briefe        Brief        Brief
story       f       Geschichte   Geschichten   Geschichte   Geschichte
picture     n       Bild         Bilder        Bild         Bild
chair       m       Stuhl        Stühle        Stuhl        Stuhl
bag         f       Tasche       Taschen       Tasche       Tasche
box         f       Kiste        Kisten        Kiste        Kiste
clock       f       Uhr          Uhren         Uhr          Uhr
shirt       n       Hemd         Hemden        Hemd         Hemd
hat         m       Hut          Hüte          Hut          Hut
ball        m       Ball         Bälle         Ball         Ball
car         n       Auto         Autos         Auto         Auto
umbrella    m       Regenschirm  Regenschirme  Regenschirm  Regenschirm
ring        m       Ring         Ringe         Ring         Ring
doll        f       Puppe        Puppen        Puppe        Puppe
banana      f       Banane       Bananen       Banane       Banane
egg         n       Ei           Eier          Ei           Ei
orange      f       Orange       Orangen       Orange       Orange
room        n       Zimmer       Zimmer        Zimmer       Zimmer
hotel       n       Hotel        Hotels        Hotel        Hotel
restaurant  n       Restaurant   Restaurants   Restaurant   Restaurant
kitchen     f       Küche        Küchen        Küche        Küche
bread       n       Brot         Brote         Brot         Brot
cake        m       Kuchen       Kuchen        Kuchen       Kuchen
cheese      m       Käse         Käse          Käse         Käse
film        m       Film         Filme         Film         Film
song        n       Lied         Lieder        Lied         Lied
phone       n       Telefon      Telefone      Telefon      Telefon
train       m       Zug          Züge          Zug          Zug
waiter      m       Kellner      Kellner       Kellner      Kellner
thing       f       Sache        Sachen        Sache        Sache
animal      n       Tier         Tiere         Tier         Tier
who         m       wer          -             -            -
""")

VERBS = table("""
id       third     many       participle      auxiliary  infinitive    prefix
read     liest     lesen      gelesen         have       lesen         -
write    schreibt  schreiben  geschrieben     have       schreiben     -
buy      kauft     kaufen     gekauft         have       kaufen        -
sell     verkauft  verkaufen  verkauft        have       verkaufen     -
take     nimmt     nehmen     genommen        have       nehmen        -
look_at  sieht     sehen      angesehen       have       ansehen       an
eat      isst      essen      gegessen        have       essen         -
call     ruft      rufen      gerufen         have       rufen         -
sleep    schläft   schlafen   geschlafen      have       schlafen      -
play     spielt    spielen    gespielt        have       spielen       -
work     arbeitet  arbeiten   gearbeitet      have       arbeiten      -
cook     kocht     kochen     gekocht         have       kochen        -
sing     singt     singen     gesungen        have       singen        -
laugh    lacht     lachen     gelacht         have       lachen        -
go       geht      gehen      gegangen        be         gehen         -
come     kommt     kommen     gekommen        be         kommen        -
return   kommt     kommen     zurückgekommen  be         zurückkommen  zurück
give     gibt      geben      gegeben         have       geben         -
send     schickt   schicken   geschickt       have       schicken      -
""")

PLACES = table("""
id           at                 to                 from
market       auf_dem_Markt      zum_Markt          vom_Markt
school       in_der_Schule      zur_Schule         aus_der_Schule
garden       im_Garten          in_den_Garten      aus_dem_Garten
village      im_Dorf            ins_Dorf           aus_dem_Dorf
city         in_der_Stadt       in_die_Stadt       aus_der_Stadt
forest       im_Wald            in_den_Wald        aus_dem_Wald
shop         im_Laden           in_den_Laden       aus_dem_Laden
hospital     im_Krankenhaus     ins_Krankenhaus    aus_dem_Krankenhaus
library      in_der_Bibliothek  in_die_Bibliothek  aus_der_Bibliothek
field        auf_dem_Feld       aufs_Feld          vom_Feld
home         zu_Hause           nach_Hause         von_zu_Hause
on_table     auf_dem_Tisch      -                  -
under_table  unter_dem_Tisch    -                  -
on_chair     auf_dem_Stuhl      -                  -
under_chair  unter_dem_Stuhl    -                  -
in_box       in_der_Kiste       -                  -
in_bag       in_der_Tasche      -                  -
where        wo                 wohin              woher
""")

ADJECTIVES = table("""
id           form           stem
big          groß           groß
small        klein          klein
new          neu            neu
old          alt            alt
red          rot            rot
white        weiß           weiß
black        schwarz        schwarz
beautiful    schön          schön
expensive    teuer          teur
cheap        billig         billig
heavy        schwer         schwer
clean        sauber         sauber
dirty        schmutzig      schmutzig
tall         groß           groß
clever       klug           klug
poor         arm            arm
good         gut            gut
happy        glücklich      -
sad          traurig        -
ready        bereit         -
alone        allein         -
healthy      gesund         -
safe         in_Sicherheit  -
calm         ruhig          -
bad          schlecht       -
quiet        ruhig          -
loud         laut           -
ugly         hässlich       -
tasty        lecker         -
tasteless    fade           -
interesting  interessant    -
boring       langweilig     -
friendly     freundlich     -
rude         unhöflich      -
fast         schnell        -
slow         langsam        -
""")

WORDS = table("""
id                form
slowly            langsam
quickly           schnell
happily           fröhlich
very              sehr
two               zwei
three             drei
four              vier
now               jetzt
every_day         jeden_Tag
every_morning     jeden_Morgen
every_evening     jeden_Abend
every_week        jede_Woche
yesterday         gestern
last_night        letzte_Nacht
this_morning      heute_Morgen
last_week         letzte_Woche
tomorrow          morgen
tomorrow_morning  morgen_früh
next_week         nächste_Woche
soon              bald
""")
