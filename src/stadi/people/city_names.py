"""Names and languages of the demo city; common Finnish names, combined at random."""

from typing import Final


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WOMEN: Final = _names(
    """
    Aada Aino Anna Anni Eeva Elina Ella Emilia Emma Enni Eveliina Hanna Heidi Helena Helmi
    Hilla Iida Ilona Inka Johanna Kaisa Katri Kerttu Laura Leena Lilja Linnea Maija Maria
    Marja Mari Matilda Minna Noora Oona Päivi Pinja Riikka Saana Saara Sanna Sari Senja
    Siiri Sofia Tiina Tuuli Venla Viivi Vilma
    """
)
MEN: Final = _names(
    """
    Aapo Aaro Akseli Aleksi Antti Arttu Eelis Eero Eetu Elias Emil Hannu Heikki Henri Iivari
    Ilmari Jaakko Janne Joel Joona Juha Juho Jukka Juuso Kalle Kari Lauri Leo Mikael Mikko
    Niilo Niko Oiva Olli Onni Oskari Otso Paavo Pekka Petri Sakari Sampo Samuel Santeri
    Tapio Timo Toivo Tuomas Veeti Ville
    """
)
FAMILIES: Final = _names(
    """
    Aalto Aaltonen Ahola Anttila Eskola Halonen Harju Heikkinen Heino Hietala Hiltunen
    Hämäläinen Jokinen Järvinen Kallio Karjalainen Kettunen Kinnunen Kivelä Koivisto Koski
    Koskinen Laakso Laine Lampinen Lehto Lehtonen Leppänen Lindqvist Manninen Mattila Mäkelä
    Mäkinen Männistö Niemi Nieminen Nurmi Ojala Oksanen Peltola Pitkänen Rantala Rantanen
    Rautio Räsänen Saarela Saarinen Salmi Salo Salonen Savolainen Seppälä Suominen Toivonen
    Tuominen Turunen Virtanen Vuori Väisänen Ylönen
    """
)

LANGUAGES: Final = {
    "fi": 0.754,
    "sv": 0.055,
    "ru": 0.036,
    "so": 0.023,
    "et": 0.020,
    "en": 0.020,
    "ar": 0.017,
    "fa": 0.011,
    "zh": 0.009,
    "ku": 0.009,
    "es": 0.008,
    "vi": 0.007,
    "tr": 0.006,
    "uk": 0.006,
    "bn": 0.005,
    "fr": 0.005,
    "sq": 0.005,
    "de": 0.004,
}
"""Share of residents by home language; 75.4 / 5.5 / 19.1 % fi / sv / other as in the city's
district file of 2023; how the 19.1 % divides is our assumption.
"""
