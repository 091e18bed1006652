"""What a network's name tells of its kind, in the languages of the world: the last resort, and never a company."""

import re
import unicodedata
from functools import lru_cache

REMEMBERED_NAMES = 16_384


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


def _words(text: str) -> str:
    return rf"\b(?:{'|'.join(text.split())})\b"


RULES: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    (
        "security_proxy",
        "security-product",
        _any(
            _words("zscaler netskope forcepoint websense iboss mimecast proofpoint opendns messagelabs mailcontrol"),
            _words(
                "musarubra skyhigh trellix mcafee censornet smoothwall securly cyren spamexperts hornetsecurity mailchannels retarus antispameurope agari ironscales agilicus fireeye"
            ),
            r"\b(?:barracuda networks|cisco umbrella|cisco ironport|menlo security|cato networks|blue coat|trend micro)\b",
            r"\b(?:secure web gateway|e?mail security|mail protection|security service edge|palo alto networks)\b",
        ),
    ),
    (
        "vpn",
        "vpn-provider",
        _any(
            r"\b\w*vpns?\b",
            _words(
                "anchorfree ipvanish hidemyass cyberghost expressvpn purevpn oxylabs luminati keepsolid azirevpn mullvad nordvpn tefincom packethub surfshark windscribe torguard privado proxyrack tor-exit"
            ),
            r"\b(?:proton ag|private internet access|tor (?:exit|project|relay|network)|residential prox(?:y|ies))\b",
            r"\bprox(?:y|ies)\b(?! statement)|\banonymi[sz]er\b|\bonion\b|\bprivacy (?:network|foundation)\b",
        ),
    ),
    (
        "government",
        "ministry",
        _any(
            r"\bminist(?:ry|ere|erio|erie|erstvo|erstwo|erium|eriya|erul|erija|arstvo|arstva|rstvo)\b",
            r"\b(?:bundes|landes)?ministeri\w+|\bministerie van\b|\bmin(?:istr)?y of\b|\bkementerian\b|\bkementrian\b",
            r"\bstate (?:of|government)\b|\bcommonwealth of\b|\bgobierno\b|\bgoverno\b|\bgouvernement\b|\bregering\w*",
            r"\bgovernment\b|\bgovt?\b|\be-?gov\w*|\bdepartment of (?!computer)|\bdept of\b|\bdepartamento de\b",
            r"\bprefeitura\b|\bayuntamiento\b|\bmunicipio\b|\bcamara (?:dos|municipal)\b|\bassembleia legislativa\b",
            r"\btribunal\b|\bsupreme court\b|\bsenado\b|\bsenate\b|\bparlam\w+|\bparliament\w*|\bparlement\w*",
            r"\bdod\b|\bu ?s ?(?:army|navy|air force)\b|\bdepartment of defen[cs]e\b|\bdinas (?:komunikasi|kominfo)",
            r"\b(?:empresa|emp|companhia|cia|inst\w*) (?:\w+ ){0,2}(?:de )?(?:tec\w*|proc\w*|inf\w*) (?:\w+ )*(?:est|estado|mun|municip\w*|previdencia)\b",
            r"\binstituto? municipal d|\bnational information (?:and )?(?:technology|communications?|center|centre)\b|\bagence (?:nationale|de l informatique)\b",
            r"\bunited nations\b|\beuropean (?:commission|parliament|union)\b|\bcouncil of europe\b|\bembassy\b",
        ),
    ),
    (
        "education",
        "school",
        _any(
            r"\buniv\w{0,2}\b|\buniversi\w*|\buniversy\w*|\buniwersytet\w*|\buniverz\w*|\bunversity\b|\byliopisto\b",
            r"\b\w*hochschul\w*|\bhogeschool\b|\bhogskol\w*|\bhoyskole\b|\bhojskole\b|\bcolleges?\b|\bcollegio\b|\bcegep\b",
            r"\bcolegio\b(?! (?:oficial|do registro|de (?:abogad|medic|ingenier|arquitect)))|\bkolej\b|\bkolledzh\b",
            r"\bschools?\b|\b\w*schule\b|\bescuela\b|\bescola\b|\becoles?\b|\bscuola\b|\bskol[ae]\b|\bszkol\w*|\biskola\b",
            r"\bisd\b|\bk-?12\b|\beducation\w*|\beducat\b|\beducac\w*|\beducaz\w*|\bedu\b|\bbildung\w*|\benseignement\b",
            r"\bensino\b|\bpendidikan\b|\bobrazovan\w*|\bokulu?\b|\blycee\b|\bgymnasium\b|\bliceum\b|\bkoulutus\w*",
            r"\bacadem(?:ic|y of sciences|ia sinica)\b|\bakademi(?:sche?|e der wissenschaften)\b|\bakadem(?:ia|iya) nauk\b",
            r"\binstituto? (?:federal|tecnologico|superior|politecnico)\b|\binstitute of (?:technology|science)\b",
            r"\bpol[iy]te[ck]h?n\w*|\bpoliteknik\w*|\bpolitehnica\b|\btechnion\b|\bfaculta?[dt]\w*|\bfaculdade\w*|\bfakult\w*",
            r"\bresearch (?:and|&) education\b|\b\w*nren\b|\b(?:regional )?research network\b|\bforschungsnetz\w*|\bstudent\w*",
            r"\bgakuin\b|\bgakuen\b|\bdaehak\w*|\bintermediate unit\b|\bboces\b|\bseminario\b|\bacademy\b(?! (?:sports|mortgage|bank|ltd|limited))",
            r"\b(?:max[- ]planck|fraunhofer|helmholtz|leibniz)\b|\bresearch institut\w*|\binstituto? de (?:investig\w+|pesquisa\w*)\b|\bconsorzio interuniversitario\b",
            r"\bdaigaku\b|\bcampus\b|\bseminary\b|\bdistrict school board\b|\bteknik (?:universitesi|okulu)\b",
        ),
    ),
    (
        "government",
        "public-body",
        _any(
            r"\b(?:city|town|township|village|county|borough|province|municipality|parish|region) of\b|\bcity council\b",
            r"\b\w+ county\b(?!.*(?:tele|bank|electric|coop|co-op|hospital|health|cable|broadband|fiber|credit|wireless))",
            r"\bcounty (?:council|government|commission\w*|of)\b|\bcouncil\b(?! for )|\bmunicipal(?:ity|ities|idad|idade)\b",
            r"\bmunicipio\w*|\bkommun(?:e|en|er)?\b|\b\w+ kommune?\b|\bgemeente\b|\bgemeinde\b|\blandkreis\b|\blandratsamt\b",
            r"\b(?:stadt|landeshauptstadt) \w+|\bbezirk\w*|\bkanton\b|\bcanton de\b|\bcomune di\b|\bregione\b|\bprovincia\b",
            r"\bmairie\b|\bville de\b|\bconseil (?:departemental|regional|general)\b|\bcommunaute (?:urbaine|de communes)\b",
            r"\bintendencia\b|\bgobernacion\b|\balcaldia\b|\bdiputacion\b|\bxunta\b|\bgeneralitat\b|\bjunta de\b|\bgovernorate\b",
            r"\bsecretari\w*|\bprefectur\w*|\bcongress\b|\bcongreso\b|\bjustice\b|\bjustica\b|\bjudicia\w*|\bcourts?\b(?! of india)",
            r"\bpolice\b|\bpolicia\b|\bpolizei\w*|\bpolisi\b|\bpolicji\b|\bsheriff\w*|\barmy\b|\bnavy\b|\bair force\b|\bmilitary\b",
            r"\bdefen[cs]e\b(?! (?:systems|solutions))|\bdefens[ae]\b|\bpublic safety\b|\bhomeland\b|\bcustoms\b|\brevenue\b",
            r"\b(?:tax|treasury|audit) (?:administration|authority|office|agency)\b|\bhacienda\b|\bdouanes?\b|\baduan\w*",
            r"\bnational (?:agency|informatics|archives|assembly|weather|park|registry)\b|\bagencia (?:nacional|estatal)\b",
            r"\bbundes(?:amt|ministeri\w+|anstalt|wehr|verwaltung|agentur|kanzlei|land|rechen\w+)\b|\bfederal (?:agency|bureau|office|government|reserve|service|state|ministry|communications)\b",
            r"\burzad\w*|\bstarostwo\b|\bgmina\b|\bvojvod\w*|\bwojewod\w*|\boblast\w*|\bokrug\b|\brayon\b|\bmagistrat\b",
            r"\bdinas\b|\bbadan\b|\bpemerintah\b|\bkabupaten\b|\bpemkot\b|\bpemkab\b|\bsekretariat\b|\bjabatan\b|\bdirektorat\b",
            r"\b(?:port|housing|transit|airport|turnpike|river|water|land records|regulatory) authority\b|\bwater district\b",
            r"\bpublic (?:library|services? commission)\b|\bprocuraduria\b|\bcontraloria\b|\bfiscalia\b|\bprocuradoria\b",
            r"\blandsting\w*|^region [a-z]+$|\bkaupunki\b|\bamt fur\b|\bkommunale (?:daten|informations|it|rechen)\w*|\b\w*datenzentrale\b",
            r"\blegislat(?:ure|ive)\b|\bcomptroller\b|\bcity hall\b|\bdepartement de\b|\betat du\b|\bprimari[ae]\b|\bconsiliul\b|\bobshtina\b|\bmiast[oa]\b",
            r"\bvirasto\b|\bmyndighet\w*|\bstyrelsen?\b|\bdirektoratet\b|\bverket\b|\brijks\w+|\bvlaamse overheid\b",
            r"\bnasa\b|\bnational aeronautics\b|\bgeneral services (?:administration|commission)\b|\bpostal service\b|\bamt fuer\b|\binstituto nacional\b",
        ),
    ),
    (
        "mobile",
        "mobile-carrier",
        _any(
            r"\b(?:cellular|celular(?:es)?|cellco|cell c|gsm|moviles|movistar|mobilis|mobitel|mobilink|mobily|mobifone)\b",
            r"\b(?:t-mobile|telefonia (?:movil|mobile|celular)|wireless pcs|pcs|mvno|lte|4g lte|mobilkom|mobiltel)\b",
            r"\b(?:vodacom|airtel|mtn|safaricom|digicel|turkcell|kyivstar|lifecell|telkomsel|smartfren|hutchison)\b",
            r"\b(?:zain|ooredoo|celcom|maxis|digi telecommunications|globe telecom|smart communications|dtac|ncell|viettel)\b",
            r"\b(?:movil|mobility llc|mobile (?:communications?|telecom\w*|telephone|network\w*|operator|broadband|services?))\b",
            r"\b(?:mobile (?:company|systems|tele\w+|phone)|mobil(?:e)? (?:iletisim|hizmet\w*)|unitel|econet|africell|moov)\b",
            r"\b\w+ mobile(?: (?:inc|llc|ltd|limited|corp|co|s\.?a|ag|gmbh|bv|b\.v|plc))?\.?$|^mobile \w+$",
        ),
    ),
    (
        "hosting",
        "hosting",
        _any(
            r"\b\w*(?:web)?host(?:s|ers?|ings?|ed|inger|ingas)?\b(?! (?:hotels|brands))|\bhost(?=[a-z]*(?:ing|gator|ix|way|win|us|pro|mart|nine|dime))\w+",
            r"\bhost(?!el|als?\b|ess|eria|age|ile|il|a\b|etler|ens\b)[a-z]+\b|\b(?:sunucu|barindirma|veri merkezi|veri ?merkez\w*|tsod|oblak\w*|bulut)\b",
            r"\b\w*serwer\w*|\bserver\w*|\bwebhotell?\b|\btarhely\b|\bpalvelin\w*|\bhebergeu\w+|\brekencentrum\b|\bserwerowni\w*|\bwirtualn\w*",
            r"\bcloud\w*\b(?! peak)(?!.*(?:tele|broadband|wireless|fib|cable|\bisps?\b|wifi|wi-fi|connect|voip|comunic|communic))|\bidc\b|\b[a-z]{3,}dc\b",
            r"\bnode\w+|\b\w{3,}nodes?\b|\bipv[46]\b|\blir\b|\bip (?:lease|leasing|brokers?|transit)\b|\b\w*minecraft\b|\bkubernetes\b",
            r"\b\w*hosting\w*\b|\bhospedagem\b|\bhospedaje\b|\bhebergement\b|\balojamiento\b|\balojamento\b|\bhostingov\w*",
            r"\b\w*data ?cent(?:er|re|ers|res|ar|rum)\b|\bdatacent\w+|\bdata-cent\w+|\bcentro de dados\b|\bdatacampus\b",
            r"\b\w*rechenzentr\w*|\bkrz\b|\b\w*vps\w*\b|\bvirtual (?:private )?servers?\b|\b\w*servers?\b|\bservidores\b|\bserveur\w*",
            r"\bcolo\b|\bcolo\w*(?:cation|crossing|guy|house)\w*|\bco-?location\b|\bdedicated\b|\bdedi\w{0,5}\b|\bbare ?metal\b",
            r"\bcdn\w*\b|\b\w+cdn\b|\bcontent delivery\b|\banti-?ddos\b|\bddos\b|\bdomains?\b(?! of)|\bregistrars?\b|\biaas\b",
            r"\b(?:ovh|hetzner|digitalocean|linode|vultr|choopa|contabo|leaseweb|scaleway|ionos|rackspace|equinix|gthost)\b",
            r"\bhost(?:europe|point|opia|key|royale|papa|wind\w*|way|virtual|us)\b|\bnodes?\b|\bgame ?servers?\b|\banycast\b",
        ),
    ),
    (
        "isp",
        "carrier",
        _any(
            r"\b\w*tele ?com\w*|\b\w*tele ?kom\w*|\bteleco?\b|\btelco\w*|\b\w*telcom\w*|\btelec\b|\btelekominikasyon\b|\b\w*telek\w*",
            r"\b\w*telefon\w*|\btelephon\w*|\b\w+telephone\b|\btelefoon\b|\bphone co\w*|\b\w*phone\b|\btel(?:cel|mex|net|link|stra)\b",
            r"\bcomm?uni?cac\w*|\bcommunicat\w*|\bcommuncat\w*|\bcomunicaz\w*|\bkommunik\w*|\bcomms?\b|\bkomunik\w*|\bcomunic\w*",
            r"\bbroadband\w*|\b\w+broadband\b|\bbroad ?net\w*|\bband[ae] (?:larga|ancha|larg)\w*|\bbredband\w*|\bbreitband\w*|\bwideband\b",
            r"\b\w*fib(?:er|re)\w*|\b\w*fibra\w*|\bfib\w?net\b|\bfttx?h?\b|\bglasfaser\w*|\bglasvezel\w*|\b\w*optic(?:s|al|a)?\b|\boptik\b",
            r"\bcable\w*\b(?! (?:manufact|systems intl))|\bcabo\b|\bcatv\b|\bkabel\w*|\bkablo\w*|\b\w*cablevision\b|\b\w+ ?cable\b|\bktv\b",
            r"\b\w*wireless\w*|\bwi-?fi\w*|\b\w+wifi\b|\bwisp\w*|\bwimax\b|\binal[ae]mbric\w*|\bwlan\b|\bhotspot\w*|\bairband\b|\bdrahtlos\w*",
            r"\b\w*internet\w*|\binterne\b|\bprove(?:d|e)or\w*|\bproviders?\b|\bprovajder\w*|\bisps?\b|\bx?dsl\w*|\badsl\b|\bdial ?up\b|\bvdsl\b",
            r"\bsatell?it\w*|\bvsat\b|\bstarlink\b|\bteleport\b|\bsvya[sz]\w*|\bsvia[sz]\w*|\b\w*svyaz\w*|\bbackbone\b|\b\w*transit\b|\bbackhaul\b",
            r"\binternet exchange\b|\b\w+-?ix\b|\bpeering\b|\bvoip\w*|\bcarrier\w*|\bmulti?m[ie]dia\b|\bscm\b|\bteleservi[cz]\w*|\btriple ?play\b",
            r"\bcoop\w* .*(?:elect|luz|telef|obras|serv(?:icios)? pub|provision|prov de|energia|agua)\w*|\b(?:public|municipal|board of) (?:works|utilit\w+|light)\b",
            r"\butilit(?:y|ies) (?:authority|board|commission|district)\b|\b(?:electric|power) (?:plant )?board\b|\bremc\b|\brural electric\b|\bgemeindewerke\b",
            r"\b\w+ energi\b|\bpuhelin\w*|\b\w*kuitu\w*|\bantenn\w*|\bswiatlowod\w*|\bosiedl\w*|\bspoldzielnia mieszk\w*|\bxarxa\b|\benlaces\b|\bertebat\w*|\bshabak\w*",
            r"\bair(?:net|link|band|beam|wire|stream|speed|fib|wave|data|com|connect|ip|mob|city)\w*|\bsky(?:net|link|wire|way|choice|line|wave|com)\w*|\biletisim\b|\bhaberlesme\b",
            r"\bstadtwerke\b|\bstadtnetz\w*|\b\w*netz\b|\btelemar\b|\btelefonica\b|\bvodafone\b|\bcomcast\b|\bcharter\b|\bmetro ?net\b|\bfastweb\b",
            r"\b(?:electric|telephone|rural|power|energy) (?:tele)?(?:membership |power )?(?:co-?op\w*|cooperative)\b|\bcomm?unity networks?\b",
        ),
    ),
    (
        "business",
        "trade",
        _any(
            r"\b\w*banks?\b|\bban[ck][ao]s?\b|\bbanqu?e?\b|\bbankas[iy]\w*|\b\w*spar(?:e)?bank\w*|\bsparkasse\w*|\bvolksbank\w*|\bcredit unions?\b|\bfcu\b",
            r"\b\w*insuranc\w*|\bassuranc\w*|\bassicuraz\w*|\bversicherung\w*|\bseguros?\b|\bseguradora\b|\bsigorta\w*|\bverzeker\w*|\bforsikring\w*",
            r"\bhospita\w*|\bclini[ck]\w*|\bklini[ck]\w*|\b\w*krankenhaus\w*|\bspital\w*|\bhealth\w*|\bmedic(?:al|ine|us|o)\b|\bpharm\w*|\b\w+pharma\b|\bbiotech\w*",
            r"\b(?:capital|securities|investments?|asset management|wealth|equity|fund|funds|finan\w+|mortgage|brokers?|brokerage|exchange commission)\b",
            r"\b\w*motors?\b|\bautomo[tb]\w*|\bairlines?\b|\bairways\b|\baviation\b|\baerospace\b|\bhotels?\b|\bresorts?\b|\bcasinos?\b|\bgaming\b",
            r"\b(?:foods?|bever\w+|brew\w+|retail\w*|supermar\w+|stores?|steel|mining|minerals|petrol\w*|oil|gas|chemical\w*|plastics?|paper|pack\w*ing)\b",
            r"\b(?:logisti\w+|shipping|freight|transport\w*|trucking|railway\w*|construct\w+|engineer\w+|manufactur\w*|industri\w+|machinery|tools?)\b",
            r"\b(?:law|attorneys|llp|legal|accountant\w*|consult\w*|advis\w+|insur\w*|realty|real estate|properties|immobil\w+|architect\w*)\b",
            r"\b(?:software|games|studios?|entertainment|pictures|publish\w*|newspaper\w*|broadcast\w*|television|films?|radio|press|verlag)\b",
            r"\b(?:laborator\w+|labs?|diagnostics|biolog\w*|genetics|semiconductors?|electronics|instruments?|aerosystems|robotics)\b",
            r"\b(?:church|ministries|foundation|charit\w+|association|society|museum|club|federation|union)\b|\benergy\b|\belectric\b|\bpower\b",
            r"\bubezpiecz\w*|\bpojistovna\b|\bbiztosito\b|\bairports?\b|\bflughafen\b|\baeropo?r?t\w*|\blufthavn\w*|\bhydro\b|\bagro\w*|\bagri\w*|\bfarms?\b",
            r"\bsekuritas\b|\basuransi\b|\bperkebunan\b|\btextil\w*|\bcement\w*|\bceramic\w*|\btobacco\b|\bdairy\b|\bfabrik\w*|\bventures\b|\breinsur\w*|\bkrankenkasse\b|\bbourse\b|\bstock exchange\b",
            r"\bmarketing\b|\badvertis\w+|\bpayments?\b|\bfintech\b|\bstaffing\b|\bbrands?\b|\bfurniture\b|\bapparel\b|\bfashion\b|\bcosmetics\b",
        ),
    ),
    (
        "hosting",
        "cloud",
        _any(
            r"\b\w*clouds?\w*\b(?! peak)|\bnubes?\b|\bcompute\b|\bcomput(?:e|ing) (?:platform|power)\b|\bweb(?!er\b|ers\b|ster|asto|zen|md\b|ex\b|edia)\w*\b(?! (?:design|marketing))",
            r"\b\w*racks?\b|\bgpu\b|\bvirtual\w*|\bhypervisor\b|\bstorage\b|\bplatform\w*|\bsaas\b|\bpaas\b|\bmanaged (?:it|services)\b",
            r"\bdata\b(?! (?:net|com|link|system|sistem))|\binfrastructure as\b|\bstreaming\b|\bhyperscal\w*|\bseed ?box\b|\bstack\w*\b|\b\w{3,}stack\b|\bbilisim\b|\b[a-z]+bytes?\b|\bbytes?[a-z]*\b(?!dance| dance)",
        ),
    ),
    (
        "isp",
        "net",
        _any(
            r"\b(?!fortinet|cabinet|magnet|planet|sonnet|quartet|outlet)\w*net[sz]?\b|\bnet\w*com\b|\bnetworks?\b|\bredes\b|\bred (?:de|dig|glob|wif|tel|inter|nac|opt|fib|mov|sat|uno|priv)\w*|\breseaux?\b|\brede\b",
            r"\bnetwerk\w*|\bnetzwerk\w*|\bnatverk\w*|\bsieci?\b|\bset\b|\bseti\b|\bisp\w*|\bacces\w*|\bacess\w*|\bconn?ect\w*|\bconex\w*|\bkonekt\w*",
            r"\b\w*links?\b|\b\w+tel\b|\btel\b|\btele\w*|\bon-?line\b|\b\w+line\b|\blan\b|\b\w+lan\b|\bdsl\w*|\bvoice\w*|\bvoz\b|\btv\b|\b\w+vision\b",
            r"\binfo(?:com|net|way|line|tech)\w*|\b\w{2,}[ck]omm?\b|\b\w{3,}wave\b|\bwave\w*|\b\w+nett\b|\bcyber\w*|\bspeed\w*|\bgiga\w*|\bmega\w*|\bdigital\w*|\bsurf\w*|\bjaringan\b",
        ),
    ),
    (
        "isp",
        "operator",
        _any(
            r"\bverizon\b|\bvimpelcom\b|\bbeeline\b|\bmts\b|\borange\b|\btelia\b|\btelenor\b|\bswisscom\b|\bproximus\b|\bkpn\b|\bzayo\b",
            r"\bclaro\b|\boi s a\b|\btigo\b|\bentel\b|\bcogeco\b|\bxplore\b|\bjcom\b|\bkddi\b|\bsoftbank\b|\bchina (?:unicom|broad\w*)\b",
            r"\bprovince\b|\bp r china\b|\btrading as\b|\bt/a\b|\bctv\b|\bixp?\b|\bsat\b|-sat\b|^fop\b|^pe \w+|^spd \w+|\bfizichna osoba\b|\b\w{3,}(?:vich|vych|ovna|evna|ivna)\b|\bdigi (?:romania|tavkozlesi)\b",
        ),
    ),
    ("isp", "brazilian-small-firm", _any(r"\b(?:ltda|eireli|epp|mei)\b|(?: |-)me$|\bs\.?c\.?m\.?$")),
    ("isp", "indonesian-firm", _any(r"\bp ?t\b(?!.*\btbk\b)")),
    (
        "business",
        "legal-form",
        _any(
            _words(
                "inc incorporated corp corporation llc ltd limited gmbh mbh ag kg kgaa ohg se sa sas sarl srl spa bv nv"
            ),
            _words(
                "ab aps oy oyj plc co company kk pty pte bhd tbk jsc ojsc pjsc cjsc ooo oao zao ao llp lp kft zrt nyrt"
            ),
            _words(
                "sro doo ad ead eood ood dd uab sia eesti ou sl slu cv lda anonima sirketi holding holdings group grupo"
            ),
            r"(?<![\w-])as(?![\w-])|\b(?:s a|s r l|s p a|s r o|d o o|a s|sp z o o|b v|n v|s a s|d d|k s|p t|s l|c v|co ltd)\b|\bpt\b|\bgruppe\b|\bgroupe\b",
        ),
    ),
)
"""(class, label, pattern), the first that is found decides. Sharp words stand before vague ones, and a trade before "net"."""

_HANDLE = re.compile(r"^[a-z0-9]+(?:-[a-z0-9]+)* - ")
_NOISE = re.compile(r"[^\w\s&-]+")


@lru_cache(REMEMBERED_NAMES)
def class_by_name(name: str) -> tuple[str | None, str]:
    """The class that a network's name speaks of and the label of the rule; (None, "") if it tells nothing."""
    text = plain(name)
    for kind, label, pattern in RULES:
        if pattern.search(text):
            return kind, label
    return None, ""


def plain(name: str) -> str:
    """A name in small letters without accents, dots and the handle that registries put before it."""
    spread = unicodedata.normalize("NFKD", name[:200].casefold())
    letters = "".join(letter for letter in spread if not unicodedata.combining(letter))
    return " ".join(_NOISE.sub(" ", _HANDLE.sub("", letters)).split())
