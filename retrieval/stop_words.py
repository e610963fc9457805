"""Function words of the languages that partners write in, accents folded.

They are not removed anywhere: `retrieval.keywords` counts them for less in a question.
"""

from typing import Final

_ENGLISH = """
a about also am an and any are as at be been being but by can could did do does for from get had
has have he hello her hi his how i if in into is it its just like me my need not of on or our
please she should so some than thank thanks that the their them then there they this to us want
was we were what when where which who why will with would you your
"""
_GERMAN = """
aber als am an auch auf aus bei bin bitte bis da damit dann das dass dem den der des die dies
diese diesem diesen dieser dieses doch du durch ein eine einem einen einer eines er es fur gibt
habe haben hallo hat ich ihr ihre im in ist ja kann kein keine konnen man mein meine mich mir mit
muss nach nicht noch nur oder ob sich sie sind so soll um und uns unser vom von vor wann warum was
wenn wer werden wie wieso will wir wird wo zu zum zur
"""
_FRENCH = """
ai au aux avec bonjour c ce ces cet cette comment d dans de des du elle en est et etre faire fait
il ils j je l la le les leur leurs ma mais merci mes mon n ne nos notre nous ou par pas pour
pourquoi puis qu quand que quel quelle quels quelles qui s sa se ses si son sont sur ta te tes tu
un une vos votre vous y
"""
_SPANISH = """
a al como con cual cuando de del donde el ella en es esta estan este esto gracias hay hola la las
le les lo los me mi mis muy no nos o para pero por porque puede puedo que quien se si sin sobre
son su sus tengo un una unos y ya yo
"""
STOP_WORDS: Final = frozenset(f"{_ENGLISH} {_GERMAN} {_FRENCH} {_SPANISH}".split())
