"""The mail services whose addresses people take for a company's when they say who a visitor is.

The largest only: what a person states is refused for these in every service and command. The identifier reads whole
lists beside its data and asks them for each address.
"""

from typing import Final

_LISTED: Final = """
    126.com 139.com 163.com aim.com aol.com att.net bell.net bluewin.ch bol.com.br btinternet.com comcast.net cox.net
    daum.net duck.com fastmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com
    hanmail.net hey.com home.nl hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it icloud.com
    inbox.ru kakao.com laposte.net libero.it list.ru live.com mac.com mail.com mail.ru mailbox.org mailinator.com
    me.com mozmail.com msn.com naver.com o2.pl online.no onet.pl orange.fr outlook.com outlook.de outlook.fr posteo.de
    proton.me protonmail.com qq.com rambler.ru rediffmail.com rocketmail.com rogers.com sapo.pt seznam.cz sfr.fr
    shaw.ca sina.com skynet.be t-online.de telenet.be telia.com terra.com.br tuta.com tutanota.com ukr.net uol.com.br
    verizon.net virgilio.it wanadoo.fr web.de wp.pl yahoo.ca yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.br yahoo.de
    yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru yeah.net ymail.com ziggo.nl zoho.com
"""

LARGEST: Final = frozenset(_LISTED.split())
