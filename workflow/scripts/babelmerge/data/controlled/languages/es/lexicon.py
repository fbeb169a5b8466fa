"""Spanish forms.

Nouns: gender, singular and plural. Verbs: present, past and future, singular and plural, gerund.
Adjectives, which follow their noun: masculine and feminine, singular and plural, and which 'be'
joins them to a thing. ``place`` columns hold the whole phrase.
"""

from babelmerge.data.controlled.languages.table import table

NOUNS = table("""
id          gender  one          many
ravi        m       Ravi         -
raju        m       Raju         -
hari        m       Hari         -
meena       f       Meena        -
sita        f       Sita         -
leela       f       Leela        -
boy         m       chico        chicos
girl        f       chica        chicas
woman       f       mujer        mujeres
farmer      m       agricultor   agricultores
worker      m       obrero       obreros
student     m       estudiante   estudiantes
teacher     m       profesor     profesores
doctor      m       médico       médicos
dog         m       perro        perros
cat         m       gato         gatos
cow         f       vaca         vacas
horse       m       caballo      caballos
bird        m       pájaro       pájaros
book        m       libro        libros
letter      f       carta        cartas
story       m       cuento       cuentos
picture     m       cuadro       cuadros
chair       f       silla        sillas
bag         f       bolsa        bolsas
box         f       caja         cajas
clock       m       reloj        relojes
shirt       f       camisa       camisas
hat         m       sombrero     sombreros
ball        f       pelota       pelotas
car         m       coche        coches
umbrella    m       paraguas     paraguas
ring        m       anillo       anillos
doll        f       muñeca       muñecas
banana      m       plátano      plátanos
egg         m       huevo        huevos
orange      f       naranja      naranjas
room        f       habitación   habitaciones
hotel       m       hotel        hoteles
restaurant  m       restaurante  restaurantes
kitchen     f       cocina       cocinas
bread       m       pan          panes
cake        m       pastel       pasteles
cheese      m       queso        quesos
film        f       película     películas
song        f       canción      canciones
phone       m       teléfono     teléfonos
train       m       tren         trenes
waiter      m       camarero     camareros
thing       f       cosa         cosas
animal      m       animal       animales
who         m       quién        -
""")

VERBS = table("""
id       one      many      past_one  past_many   future_one  future_many  gerund
read     lee      leen      leyó      leyeron     leerá       leerán       leyendo
write    escribe  escriben  escribió  escribieron escribirá   escribirán   escribiendo
buy      compra   compran   compró    compraron   comprará    comprarán    comprando
sell     vende    venden    vendió    vendieron   venderá     venderán     vendiendo
take     toma     toman     tomó      tomaron     tomará      tomarán      tomando
look_at  mira     miran     miró      miraron     mirará      mirarán      mirando
eat      come     comen     comió     comieron    comerá      comerán      comiendo
call     llama    llaman    llamó     llamaron    llamará     llamarán     llamando
sleep    duerme   duermen   durmió    durmieron   dormirá     dormirán     durmiendo
play     juega    juegan    jugó      jugaron     jugará      jugarán      jugando
work     trabaja  trabajan  trabajó   trabajaron  trabajará   trabajarán   trabajando
cook     cocina   cocinan   cocinó    cocinaron   cocinará    cocinarán    cocinando
sing     canta    cantan    cantó     cantaron    cantará     cantarán     cantando
laugh    ríe      ríen      rio       rieron      reirá       reirán       riendo
go       va       van       fue       fueron      irá         irán         yendo
come     viene    vienen    vino      vinieron    vendrá      vendrán      viniendo
return   vuelve   vuelven   volvió    volvieron   volverá     volverán     volviendo
give     da       dan       dio       dieron      dará        darán        dando
send     envía    envían    envió     enviaron    enviará     enviarán     enviando
""")

PLACES = table("""
id           at                    to               from
market       en_el_mercado         al_mercado       del_mercado
school       en_la_escuela         a_la_escuela     de_la_escuela
garden       en_el_jardín          al_jardín        del_jardín
village      en_el_pueblo          al_pueblo        del_pueblo
city         en_la_ciudad          a_la_ciudad      de_la_ciudad
forest       en_el_bosque          al_bosque        del_bosque
shop         en_la_tienda          a_la_tienda      de_la_tienda
hospital     en_el_hospital        al_hospital      del_hospital
library      en_la_biblioteca      a_la_biblioteca  de_la_biblioteca
field        en_el_campo           al_campo         del_campo
home         en_casa               a_casa           de_casa
on_table     sobre_la_mesa         -                -
under_table  debajo_de_la_mesa     -                -
on_chair     sobre_la_silla        -                -
under_chair  debajo_de_la_silla    -                -
in_box       en_la_caja            -                -
in_bag       en_la_bolsa           -                -
where        dónde                 adónde           de_dónde
""")

ADJECTIVES = table("""
id           ms            fs            mp             fp             be
big          grande        grande        grandes        grandes        ser
small        pequeño       pequeña       pequeños       pequeñas       ser
new          nuevo         nueva         nuevos         nuevas         ser
old          viejo         vieja         viejos         viejas         ser
red          rojo          roja          rojos          rojas          ser
white        blanco        blanca        blancos        blancas        ser
black        negro         negra         negros         negras         ser
beautiful    hermoso       hermosa       hermosos       hermosas       ser
expensive    caro          cara          caros          caras          ser
cheap        barato        barata        baratos        baratas        ser
heavy        pesado        pesada        pesados        pesadas        ser
clean        limpio        limpia        limpios        limpias        estar
dirty        sucio         sucia         sucios         sucias         estar
tall         alto          alta          altos          altas          ser
clever       inteligente   inteligente   inteligentes   inteligentes   ser
poor         pobre         pobre         pobres         pobres         ser
good         bueno         buena         buenos         buenas         ser
happy        contento      contenta      contentos      contentas      estar
sad          triste        triste        tristes        tristes        estar
ready        listo         lista         listos         listas         estar
alone        solo          sola          solos          solas          estar
healthy      sano          sana          sanos          sanas          estar
safe         a_salvo       a_salvo       a_salvo        a_salvo        estar
calm         tranquilo     tranquila     tranquilos     tranquilas     estar
bad          malo          mala          malos          malas          ser
quiet        silencioso    silenciosa    silenciosos    silenciosas    ser
loud         ruidoso       ruidosa       ruidosos       ruidosas       ser
ugly         feo           fea           feos           feas           ser
tasty        sabroso       sabrosa       sabrosos       sabrosas       estar
tasteless    soso          sosa          sosos          sosas          estar
interesting  interesante   interesante   interesantes   interesantes   ser
boring       aburrido      aburrida      aburridos      aburridas      ser
friendly     amable        amable        amables        amables        ser
rude         grosero       grosera       groseros       groseras       ser
fast         rápido        rápida        rápidos        rápidas        ser
slow         lento         lenta         lentos         lentas         ser
""")

WORDS = table("""
id                form
slowly            lentamente
quickly           rápidamente
happily           alegremente
very              muy
two               dos
three             tres
four              cuatro
now               ahora
every_day         todos_los_días
every_morning     todas_las_mañanas
every_evening     todas_las_tardes
every_week        todas_las_semanas
yesterday         ayer
last_night        anoche
this_morning      esta_mañana
last_week         la_semana_pasada
tomorrow          mañana
tomorrow_morning  mañana_por_la_mañana
next_week         la_próxima_semana
soon              pronto
""")
