"""Italian forms.

Nouns: gender, singular and plural, and the plural's gender (uova). Verbs: present and future
singular and plural, participle, its auxiliary, gerund. Adjectives, which follow their noun:
masculine and feminine, singular and plural. ``place`` columns hold the whole phrase.
"""

from babelmerge.data.controlled.languages.table import table

NOUNS = table("""
id          gender  one         many        genders
ravi        m       Ravi        -           -
raju        m       Raju        -           -
hari        m       Hari        -           -
meena       f       Meena       -           -
sita        f       Sita        -           -
leela       f       Leela       -           -
boy         m       ragazzo     ragazzi     m
girl        f       ragazza     ragazze     f
woman       f       donna       donne       f
farmer      m       contadino   contadini   m
worker      m       operaio     operai      m
student     m       studente    studenti    m
teacher     m       insegnante  insegnanti  m
doctor      m       medico      medici      m
dog         m       cane        cani        m
cat         m       gatto       gatti       m
cow         f       mucca       mucche      f
horse       m       cavallo     cavalli     m
bird        m       uccello     uccelli     m
book        m       libro       libri       m
letter      f       lettera     lettere     f
story       f       storia      storie      f
picture     m       quadro      quadri      m
chair       f       sedia       sedie       f
bag         f       borsa       borse       f
box         f       scatola     scatole     f
clock       m       orologio    orologi     m
shirt       f       camicia     camicie     f
hat         m       cappello    cappelli    m
ball        f       palla       palle       f
car         f       macchina    macchine    f
umbrella    m       ombrello    ombrelli    m
ring        m       anello      anelli      m
doll        f       bambola     bambole     f
banana      f       banana      banane      f
egg         m       uovo        uova        f
orange      f       arancia     arance      f
room        f       stanza      stanze      f
hotel       m       albergo     alberghi    m
restaurant  m       ristorante  ristoranti  m
kitchen     f       cucina      cucine      f
bread       m       pane        pani        m
cake        f       torta       torte       f
cheese      m       formaggio   formaggi    m
film        m       film        film        m
song        f       canzone     canzoni     f
phone       m       telefono    telefoni    m
train       m       treno       treni       m
waiter      m       cameriere   camerieri   m
thing       f       cosa        cose        f
animal      m       animale     animali     m
who         m       chi         -           -
""")

VERBS = table("""
id       one      many      participle  auxiliary  future_one  future_many  gerund
read     legge    leggono   letto       have       leggerà     leggeranno   leggendo
write    scrive   scrivono  scritto     have       scriverà    scriveranno  scrivendo
buy      compra   comprano  comprato    have       comprerà    compreranno  comprando
sell     vende    vendono   venduto     have       venderà     venderanno   vendendo
take     prende   prendono  preso       have       prenderà    prenderanno  prendendo
look_at  guarda   guardano  guardato    have       guarderà    guarderanno  guardando
eat      mangia   mangiano  mangiato    have       mangerà     mangeranno   mangiando
call     chiama   chiamano  chiamato    have       chiamerà    chiameranno  chiamando
sleep    dorme    dormono   dormito     have       dormirà     dormiranno   dormendo
play     gioca    giocano   giocato     have       giocherà    giocheranno  giocando
work     lavora   lavorano  lavorato    have       lavorerà    lavoreranno  lavorando
cook     cucina   cucinano  cucinato    have       cucinerà    cucineranno  cucinando
sing     canta    cantano   cantato     have       canterà     canteranno   cantando
laugh    ride     ridono    riso        have       riderà      rideranno    ridendo
go       va       vanno     andato      be         andrà       andranno     andando
come     viene    vengono   venuto      be         verrà       verranno     venendo
return   torna    tornano   tornato     be         tornerà     torneranno   tornando
give     dà       danno     dato        have       darà        daranno      dando
send     manda    mandano   mandato     have       manderà     manderanno   mandando
""")

PLACES = table("""
id           at               to              from
market       al_mercato       al_mercato      dal_mercato
school       a_scuola         a_scuola        da_scuola
garden       in_giardino      in_giardino     dal_giardino
village      nel_villaggio    al_villaggio    dal_villaggio
city         in_città         in_città        dalla_città
forest       nel_bosco        nel_bosco       dal_bosco
shop         in_negozio       al_negozio      dal_negozio
hospital     in_ospedale      in_ospedale     dall'ospedale
library      in_biblioteca    in_biblioteca   dalla_biblioteca
field        nel_campo        nel_campo       dal_campo
home         a_casa           a_casa          da_casa
on_table     sul_tavolo       -               -
under_table  sotto_il_tavolo  -               -
on_chair     sulla_sedia      -               -
under_chair  sotto_la_sedia   -               -
in_box       nella_scatola    -               -
in_bag       nella_borsa      -               -
where        dove             dove            da_dove
""")

ADJECTIVES = table("""
id           ms               fs               mp               fp
big          grande           grande           grandi           grandi
small        piccolo          piccola          piccoli          piccole
new          nuovo            nuova            nuovi            nuove
old          vecchio          vecchia          vecchi           vecchie
red          rosso            rossa            rossi            rosse
white        bianco           bianca           bianchi          bianche
black        nero             nera             neri             nere
beautiful    bello            bella            belli            belle
expensive    caro             cara             cari             care
cheap        economico        economica        economici        economiche
heavy        pesante          pesante          pesanti          pesanti
clean        pulito           pulita           puliti           pulite
dirty        sporco           sporca           sporchi          sporche
tall         alto             alta             alti             alte
clever       intelligente     intelligente     intelligenti     intelligenti
poor         povero           povera           poveri           povere
good         buono            buona            buoni            buone
happy        felice           felice           felici           felici
sad          triste           triste           tristi           tristi
ready        pronto           pronta           pronti           pronte
alone        solo             sola             soli             sole
healthy      in_buona_salute  in_buona_salute  in_buona_salute  in_buona_salute
safe         al_sicuro        al_sicuro        al_sicuro        al_sicuro
calm         calmo            calma            calmi            calme
bad          scadente         scadente         scadenti         scadenti
quiet        tranquillo       tranquilla       tranquilli       tranquille
loud         rumoroso         rumorosa         rumorosi         rumorose
ugly         brutto           brutta           brutti           brutte
tasty        gustoso          gustosa          gustosi          gustose
tasteless    insipido         insipida         insipidi         insipide
interesting  interessante     interessante     interessanti     interessanti
boring       noioso           noiosa           noiosi           noiose
friendly     gentile          gentile          gentili          gentili
rude         scortese         scortese         scortesi         scortesi
fast         veloce           veloce           veloci           veloci
slow         lento            lenta            lenti            lente
""")

WORDS = table("""
id                form
slowly            lentamente
quickly           velocemente
happily           allegramente
very              molto
two               due
three             tre
four              quattro
now               adesso
every_day         ogni_giorno
every_morning     ogni_mattina
every_evening     ogni_sera
every_week        ogni_settimana
yesterday         ieri
last_night        ieri_sera
this_morning      questa_mattina
last_week         la_settimana_scorsa
tomorrow          domani
tomorrow_morning  domani_mattina
next_week         la_settimana_prossima
soon              tra_poco
""")
