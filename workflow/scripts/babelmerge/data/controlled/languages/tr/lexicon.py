"""Turkish forms, from which `suffixes` makes all others.

Nouns: the word, its stem before a vowel where that is another (kitap, kitab-), and the vowel whose
harmony its suffixes follow where that is not its last (saat, saati). Verbs: what stands before the
verb, its stem, the past, what goes on now, the habit and the future. ``place`` columns hold the
whole phrase.
"""

from babelmerge.data.controlled.languages.table import table

NOUNS = table("""
id          one            before        vowel
ravi        Ravi           -             -
raju        Raju           -             -
hari        Hari           -             -
meena       Meena          -             -
sita        Sita           -             -
leela       Leela          -             -
boy         oğlan          -             -
girl        kız            -             -
woman       kadın          -             -
farmer      çiftçi         -             -
worker      işçi           -             -
student     öğrenci        -             -
teacher     öğretmen       -             -
doctor      doktor         -             -
dog         köpek          köpeğ         -
cat         kedi           -             -
cow         inek           ineğ          -
horse       at             -             -
bird        kuş            -             -
book        kitap          kitab         -
letter      mektup         mektub        -
story       öykü           -             -
picture     resim          resm          -
chair       sandalye       -             -
bag         çanta          -             -
box         kutu           -             -
clock       saat           -             e
shirt       gömlek         gömleğ        -
hat         şapka          -             -
ball        top            -             -
car         araba          -             -
umbrella    şemsiye        -             -
ring        yüzük          yüzüğ         -
doll        oyuncak_bebek  oyuncak_bebeğ -
banana      muz            -             -
egg         yumurta        -             -
orange      portakal       -             -
room        oda            -             -
hotel       otel           -             -
restaurant  restoran       -             -
kitchen     mutfak         mutfağ        -
bread       ekmek          ekmeğ         -
cake        kek            -             -
cheese      peynir         -             -
film        film           -             -
song        şarkı          -             -
phone       telefon        -             -
train       tren           -             -
waiter      garson         -             -
thing       şey            -             -
animal      hayvan         -             -
who         kim            -             -
what        ne             -             -
""")

VERBS = table("""
id       light      stem    past      now         habit     future
read     -          oku     okudu     okuyor      okur      okuyacak
write    -          yaz     yazdı     yazıyor     yazar     yazacak
buy      satın      al      aldı      alıyor      alır      alacak
sell     -          sat     sattı     satıyor     satar     satacak
take     -          al      aldı      alıyor      alır      alacak
look_at  -          bak     baktı     bakıyor     bakar     bakacak
eat      -          ye      yedi      yiyor       yer       yiyecek
call     -          çağır   çağırdı   çağırıyor   çağırır   çağıracak
sleep    -          uyu     uyudu     uyuyor      uyur      uyuyacak
play     -          oyna    oynadı    oynuyor     oynar     oynayacak
work     -          çalış   çalıştı   çalışıyor   çalışır   çalışacak
cook     yemek      yap     yaptı     yapıyor     yapar     yapacak
sing     şarkı      söyle   söyledi   söylüyor    söyler    söyleyecek
laugh    -          gül     güldü     gülüyor     güler     gülecek
go       -          git     gitti     gidiyor     gider     gidecek
come     -          gel     geldi     geliyor     gelir     gelecek
return   -          dön     döndü     dönüyor     döner     dönecek
give     -          ver     verdi     veriyor     verir     verecek
send     -          gönder  gönderdi  gönderiyor  gönderir  gönderecek
""")

PLACES = table("""
id           at                     to            from
market       pazarda                pazara        pazardan
school       okulda                 okula         okuldan
garden       bahçede                bahçeye       bahçeden
village      köyde                  köye          köyden
city         şehirde                şehre         şehirden
forest       ormanda                ormana        ormandan
shop         dükkânda               dükkâna       dükkândan
hospital     hastanede              hastaneye     hastaneden
library      kütüphanede            kütüphaneye   kütüphaneden
field        tarlada                tarlaya       tarladan
home         evde                   eve           evden
on_table     masanın_üstünde        -             -
under_table  masanın_altında        -             -
on_chair     sandalyenin_üstünde    -             -
under_chair  sandalyenin_altında    -             -
in_box       kutunun_içinde         -             -
in_bag       çantanın_içinde        -             -
where        nerede                 nereye        nereden
""")

WORDS = table("""
id                form
big               büyük
small             küçük
new               yeni
old               eski
red               kırmızı
white             beyaz
black             siyah
beautiful         güzel
expensive         pahalı
cheap             ucuz
heavy             ağır
clean             temiz
dirty             kirli
tall              uzun_boylu
clever            akıllı
poor              yoksul
good              iyi
happy             mutlu
sad               üzgün
ready             hazır
alone             yalnız
healthy           sağlıklı
safe              güvende
calm              sakin
bad               kötü
quiet             sessiz
loud              gürültülü
ugly              çirkin
tasty             lezzetli
tasteless         tatsız
interesting       ilginç
boring            sıkıcı
friendly          cana_yakın
rude              kaba
fast              hızlı
slow              yavaş
slowly            yavaşça
quickly           hızla
happily           neşeyle
very              çok
a                 bir
two               iki
three             üç
four              dört
now               şimdi
every_day         her_gün
every_morning     her_sabah
every_evening     her_akşam
every_week        her_hafta
yesterday         dün
last_night        dün_gece
this_morning      bu_sabah
last_week         geçen_hafta
tomorrow          yarın
tomorrow_morning  yarın_sabah
next_week         gelecek_hafta
soon              yakında
""")
