"""French forms.

Nouns: gender, singular and plural. Verbs: present and future singular and plural, participle, its
auxiliary. Adjectives: masculine and feminine, singular and plural, ``vowel`` the masculine before a
vowel, and whether it stands before or after its noun. ``place`` columns hold the whole phrase.
"""

# A row of a table is one line, however wide.
# ruff: noqa: E501

from babelmerge.data.controlled.languages.table import table

NOUNS = table("""
id          gender  one          many
ravi        m       Ravi         -
raju        m       Raju         -
hari        m       Hari         -
meena       f       Meena        -
sita        f       Sita         -
leela       f       Leela        -
boy         m       garçon       garçons
girl        f       fille        filles
woman       f       femme        femmes
farmer      m       agriculteur  agriculteurs
worker      m       ouvrier      ouvriers
student     m       étudiant     étudiants
teacher     m       professeur   professeurs
doctor      m       médecin      médecins
dog         m       chien        chiens
cat         m       chat         chats
cow         f       vache        vaches
horse       m       cheval       chevaux
bird        m       oiseau       oiseaux
book        m       livre        livres
letter      f       lettre       lettres
story       f       histoire     histoires
picture     f       image        images
chair       f       chaise       chaises
bag         m       sac          sacs
box         f       boîte        boîtes
clock       f       horloge      horloges
shirt       f       chemise      chemises
hat         m       chapeau      chapeaux
ball        m       ballon       ballons
car         f       voiture      voitures
umbrella    m       parapluie    parapluies
ring        f       bague        bagues
doll        f       poupée       poupées
banana      f       banane       bananes
egg         m       œuf          œufs
orange      f       orange       oranges
room        f       chambre      chambres
hotel       m       hôtel        hôtels
restaurant  m       restaurant   restaurants
kitchen     f       cuisine      cuisines
bread       m       pain         pains
cake        m       gâteau       gâteaux
cheese      m       fromage      fromages
film        m       film         films
song        f       chanson      chansons
phone       m       téléphone    téléphones
train       m       train        trains
waiter      m       serveur      serveurs
thing       f       chose        choses
animal      m       animal       animaux
who         m       qui          -
""")

VERBS = table("""
id       one        many         participle  auxiliary  future_one   future_many
read     lit        lisent       lu          have       lira         liront
write    écrit      écrivent     écrit       have       écrira       écriront
buy      achète     achètent     acheté      have       achètera     achèteront
sell     vend       vendent      vendu       have       vendra       vendront
take     prend      prennent     pris        have       prendra      prendront
look_at  regarde    regardent    regardé     have       regardera    regarderont
eat      mange      mangent      mangé       have       mangera      mangeront
call     appelle    appellent    appelé      have       appellera    appelleront
sleep    dort       dorment      dormi       have       dormira      dormiront
play     joue       jouent       joué        have       jouera       joueront
work     travaille  travaillent  travaillé   have       travaillera  travailleront
cook     cuisine    cuisinent    cuisiné     have       cuisinera    cuisineront
sing     chante     chantent     chanté      have       chantera     chanteront
laugh    rit        rient        ri          have       rira         riront
go       va         vont         allé        be         ira          iront
come     vient      viennent     venu        be         viendra      viendront
return   revient    reviennent   revenu      be         reviendra    reviendront
give     donne      donnent      donné       have       donnera      donneront
send     envoie     envoient     envoyé      have       enverra      enverront
""")

PLACES = table("""
id           at                 to                 from
market       au_marché          au_marché          du_marché
school       à_l'école          à_l'école          de_l'école
garden       dans_le_jardin     dans_le_jardin     du_jardin
village      au_village         au_village         du_village
city         en_ville           en_ville           de_la_ville
forest       dans_la_forêt      dans_la_forêt      de_la_forêt
shop         au_magasin         au_magasin         du_magasin
hospital     à_l'hôpital        à_l'hôpital        de_l'hôpital
library      à_la_bibliothèque  à_la_bibliothèque  de_la_bibliothèque
field        dans_le_champ      dans_le_champ      du_champ
home         à_la_maison        à_la_maison        de_la_maison
on_table     sur_la_table       -                  -
under_table  sous_la_table      -                  -
on_chair     sur_la_chaise      -                  -
under_chair  sous_la_chaise     -                  -
in_box       dans_la_boîte      -                  -
in_bag       dans_le_sac        -                  -
where        où                 où                 d'où
""")

ADJECTIVES = table("""
id           ms              vowel           fs              mp              fp              side
big          grand           grand           grande          grands          grandes         before
small        petit           petit           petite          petits          petites         before
new          nouveau         nouvel          nouvelle        nouveaux        nouvelles       before
old          vieux           vieil           vieille         vieux           vieilles        before
red          rouge           rouge           rouge           rouges          rouges          after
white        blanc           blanc           blanche         blancs          blanches        after
black        noir            noir            noire           noirs           noires          after
beautiful    beau            bel             belle           beaux           belles          before
expensive    cher            cher            chère           chers           chères          after
cheap        bon_marché      bon_marché      bon_marché      bon_marché      bon_marché      after
heavy        lourd           lourd           lourde          lourds          lourdes         after
clean        propre          propre          propre          propres         propres         after
dirty        sale            sale            sale            sales           sales           after
tall         grand           grand           grande          grands          grandes         before
clever       intelligent     intelligent     intelligente    intelligents    intelligentes   after
poor         pauvre          pauvre          pauvre          pauvres         pauvres         after
good         bon             bon             bonne           bons            bonnes          before
happy        heureux         heureux         heureuse        heureux         heureuses       after
sad          triste          triste          triste          tristes         tristes         after
ready        prêt            prêt            prête           prêts           prêtes          after
alone        seul            seul            seule           seuls           seules          after
healthy      en_bonne_santé  en_bonne_santé  en_bonne_santé  en_bonne_santé  en_bonne_santé  after
safe         en_sécurité     en_sécurité     en_sécurité     en_sécurité     en_sécurité     after
calm         calme           calme           calme           calmes          calmes          after
bad          mauvais         mauvais         mauvaise        mauvais         mauvaises       before
quiet        tranquille      tranquille      tranquille      tranquilles     tranquilles     after
loud         bruyant         bruyant         bruyante        bruyants        bruyantes       after
ugly         laid            laid            laide           laids           laides          after
tasty        savoureux       savoureux       savoureuse      savoureux       savoureuses     after
tasteless    fade            fade            fade            fades           fades           after
interesting  intéressant     intéressant     intéressante    intéressants    intéressantes   after
boring       ennuyeux        ennuyeux        ennuyeuse       ennuyeux        ennuyeuses      after
friendly     aimable         aimable         aimable         aimables        aimables        after
rude         impoli          impoli          impolie         impolis         impolies        after
fast         rapide          rapide          rapide          rapides         rapides         after
slow         lent            lent            lente           lents           lentes          after
""")

WORDS = table("""
id                form
slowly            lentement
quickly           rapidement
happily           joyeusement
very              très
two               deux
three             trois
four              quatre
now               maintenant
every_day         tous_les_jours
every_morning     tous_les_matins
every_evening     tous_les_soirs
every_week        toutes_les_semaines
yesterday         hier
last_night        hier_soir
this_morning      ce_matin
last_week         la_semaine_dernière
tomorrow          demain
tomorrow_morning  demain_matin
next_week         la_semaine_prochaine
soon              bientôt
""")
