"""Which new passwords are refused: those that breaches have shown, in the forms in which people write them."""

import pytest

from auth_service.audit.context import AuditContext
from auth_service.passwords.hashing import PasswordHashing
from auth_service.passwords.strength import WeakPassword, check_strength

WELL_KNOWN = """
Welcome123456! ThisIsMyPassword1 Password123456! Liverpool1234! ChelseaFC2012! Manchester123! iloveyou123456
Qwerty123456! 1q2w3e4r5t6y7u8i Passw0rd12345! LetMeIn123456! administrator1 Administrator123! Summer2023!!!!
Winter2024!2024 December2023! Football12345! Superman123456 Princess123456 trustno1trustno1 correcthorsebatterystaple
CorrectHorseBatteryStaple1! opensesame1234 maytheforcebewithyou ToBeOrNotToBe123 iloveyouforever1 thequickbrownfox
Sunshine123456! MyPassword2024! ChangeMe123456! Monkey12345678 HelloWorld123! Starwars123456 Blink182blink182
ILoveYou3000!! GoodMorning123 DefaultPassword1 SecretPassword1! CompanyName2024? Zaq12wsx!QAZ Password1Password1
letmeinplease1 whatismypassword TestPassword123! WelcomeHome2023! NeverGiveUp2020 JustDoIt12345! IAmTheBest123!
GodIsGood12345 MyNameIsJohn123 P@ssw0rd123456 Admin@123456789 manchesterunited polniypizdec1102
"""
PASSPHRASES = [
    "purple monkey dishwasher lamp",
    "tangerine-window-orbit-7",
    "kettle_velvet_bison_anchor",
    "my dog chases green buses",
    "Seven blue herons at dawn",
    "Wir essen um acht kalte Nudeln",
    "vacuum.orchid.pebble.tram",
    "octopus-banjo-42-glacier",
    "trampoline sausage 1987 fjord",
    "Zebra!Kiosk!Walnut!9",
    "forêt gâteau piéton mûres",
    "x7kQ2pLw9TzB",
    "hV4$kq!9Zr_mT2",
]


@pytest.fixture(scope="module")
def hashing() -> PasswordHashing:
    return PasswordHashing(threads=1, queue=1)


@pytest.mark.parametrize("password", WELL_KNOWN.split())
async def test_a_long_password_that_everyone_knows_is_refused(
    hashing: PasswordHashing, password: str
) -> None:
    with pytest.raises(WeakPassword, match=r"too easy to guess.*take four or more unrelated words"):
        await check_strength(hashing, AuditContext(), password, "password", "ada")


@pytest.mark.parametrize("password", PASSPHRASES)
async def test_words_that_belong_to_nothing_are_taken(
    hashing: PasswordHashing, password: str
) -> None:
    await check_strength(hashing, AuditContext(), password, "password", "ada")


@pytest.mark.parametrize(
    "password", ["Welcome123456!", "!!2023 Welcome Home 2023", "Gatehouse-2024-!?"]
)
async def test_who_decorates_a_common_word_reads_that_it_does_not_help(
    hashing: PasswordHashing, password: str
) -> None:
    with pytest.raises(WeakPassword, match="digits and punctuation around a common word"):
        await check_strength(hashing, AuditContext(), password, "password", "ada")
