"""Long passwords that are in every list of breached ones and that zxcvbn, which counts words, takes for strong."""

# Of the 308 that have 12 characters or more among the 49,233 most frequent of zxcvbn-ts 3.0.4 (MIT), those that pass.
_BREACHED = """
23wkoa0fp78dk 6215mila6215 89063032220m 89semtsriuty aksjdlasdakj89879 badiman28200 bhrh0h2oof6xbqjeh cnfc35762209
findaupair007 gfhfktkjuhfv ghjatccbjyfk ghtdtlvtldtl gthtrfnbgjkt hd764nw5d7e1vbv ipo54tj45uy856 ktjynsq40147
lytdybrbdfvgbhf ne_e_pod_chehyl nhbujyjvtnhbz nick1234-rem936 pfqwtd27121988 polniypizdec1102 sdicmt7seytn
"""

# Sayings, titles and lyrics, without spaces.
_PHRASES = """
allyouneedislove areyoutalkingtome astalavistababy asyouwish beammeupscotty
behappydontworry bethechange bornintheusa carpediem correcthorsebatterystaple
donttrustanyone dontworrybehappy doyouloveme elementarymydearwatson followthewhiterabbit
franklymydearidontgiveadamn gameofthrones godblessamerica godsavethequeen
gotohellandback hakunamatata happilyeverafter happybirthdaytoyou hastalavistababy heresjohnny highwaytohell
hitmebabyonemoretime houstonwehaveaproblem iamthebest ihaveadream illbeback iloveyoubaby
iloveyouforever iloveyouforeverandever iloveyouverymuch inthebeginning itsabeautifulday itsmylife jesusismylord
jesuslovesme jesussaves keepcalmandcarryon knockonheavensdoor letitbe letmeinnow lifeisbeautiful
liveandletdie livelaughlove lordoftherings makemyday maytheforcebewithyou mydogsname
nevergiveup nevergonnagiveyouup neversaynever nothingelsematters onceuponatime onelove onlygodcanjudgeme openthedoor
ourfatherwhoartinheaven passwordispassword pleaseletmein praisethelord putyourhandsup resistanceisfutile
romeoandjuliet shakeitoff showmethemoney smellsliketeenspirit somewhereovertherainbow stairwaytoheaven stayhungry
thankyousomuch thequickbrownfox thequickbrownfoxjumpsoverthelazydog thereisnospoon thisisasecret thisismypassword
thisissparta tobeornottobe tobeornottobethatisthequestion trustno1 twinkletwinklelittlestar welcometohell
welcometothejungle whatsmypassword wearethechampions winteriscoming
yellowsubmarine yippeekiyay youcanthandlethetruth youllneverwalkalone youonlyliveonce
"""

WELL_KNOWN = tuple(f"{_BREACHED} {_PHRASES}".split())
