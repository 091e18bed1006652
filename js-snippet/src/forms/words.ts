// What forms call things, in English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Danish, Norwegian, Polish and
// Czech, with the basics of Japanese, Chinese and Korean. Matched against what `plain` makes of a field's hints: small letters
// without accents or digits, one space between words, "|" between hints.

const MARKS = /[\0-?[-`{-\u00bf\u2000-\u2bff\u3000-\u303f]+/g; // all but letters and "@"; `\p{L}` takes a phone milliseconds to compile

export const plain = (text: string): string => {
  if (!text) return text;
  const words = text
    .slice(0, 80)
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();
  const bare = /^[\0-~]*$/.test(words) ? words : words.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").normalize("NFKC");
  return bare.replace(MARKS, " ").trim();
};

export const EMAIL =
  /e ?mail|\bmail|courriel|correi?o|\be ?post|poczt|posta|ele[ct]*troni|@|メール|电子邮|電子郵|邮箱|郵箱|메일|user|login|sign ?in|account|benutzer|anmeld|usuario|utente|gebruiker|bruger|bruker|anvandar|uzytkown|uzivatel/;

/** Somebody else than the sender. */
export const OTHERS =
  /friend|colleague|co ?worker|teammate|\brefer|recipient|invit|\bgift|benefici|emergency|spouse|(manager|supervisor) s\b|hiring|\btheir\b|\bb?cc\b|(^|\|)(send )?to(\||$| e ?mail)|mail to(\||$)|freund|kolleg|empfang|einlad|eingelad|geschenk|vorgesetzt|\bamie?s?\b|collegue|destinat|filleul|parrain|cadeau|amig[oa]|companer|coleg|regal[oa]\b|\bamic[oaih]|colleg[ah]|vriend|ontvang|uitno|\bvans\b|vannen|mottag|mottak|modtag|inbjud|\bvenn?(en)?s?\b|przyjaci|znajom|odbiorc|zapro|prezent|\bpritel|kamarad|prijemc|pozv|darek|友|同僚|紹介|宛先|受取|朋友|同事|收件|推荐|推薦|친구|동료/;

/** The sender. */
export const OWN =
  /\b(your|my|own|ihre?|deine?|votre|vos|mon|tu|vuestro|vostr[ao]|tu[oa]|su[oa]?|seu|uw|jouw|din|ditt|dit|twoj|vas)\b|本人|您/;

/** A form for telling somebody else. */
export const FOR_OTHERS = /friend|colleague|\brefer|tell a|\bshare\b|recommend|empfehl|parrain|recomend|recomiend|consigli|anbefal|tipsa|polec|doporuc/;

/** Never looked at: passwords, cards and accounts, codes, tokens, official numbers. */
export const FORBIDDEN =
  /passw|passphr|pass ?cod|pwd|\bpin\b|kennwort|mot de pas|contrasen|senha|wachtwo|losenord|adgangsk|passord|hasł|heslo|パスワード|暗証|密码|密碼|비밀번호|card|credit|\bcc (num|exp|csc|na|ty)|\bcv[cv]\b|\bcsc\b|kreditk|\bkarten|prufn|carte (b|d)|\bcarta\b|tarjet|cartao|\bkort|karty|カード|卡号|信用卡|iban|\bbic\b|swift|konton|konto n|account n|routing|sort code|\brib\b|rekening|\bbank|one ?time|\botp\b|(verif\w*|confirm\w*|security|sms|auth\w*) (code|pin|answer)|captcha|\b[tm]fa\b|two ?fact|einmal[cpk]|gungscode|(code|codigo|codice) d|verificatiec|engang|weryf|overov|コード|认证|認証|验证|驗證|token|csrf|xsrf|nonce|secret\b|api ?key|honey|\bssn\b|social (s|i)|sozialv|steuer|\btax|\bvat\b|national i|\bid (card|n)|identity|identit[ay]|ausweis|pas+apo|passpor|passep|reisepa|paszpo|person(al)? ?(nr|num)|f[oø]dsels|\bcpr|\bfnr\b|\bbsn\b|burgers|pesel|rodne|fiscal|partita|\b(dni|nif|nie|cpf|cnpj|nhs|nino|insee)\b|(securite|seguridad|seguranca) so|licen[cs]e|マイナン|身份证|身分證|주민/;

/** No name, company or job title, whatever else it says. */
const NEITHER =
  /size|gro(ss|ß)e|taille|web|\burl|a[dt]dress|adres|direcc|direzi|indiri|endere|street|stra(ss|ß)e|\brue\b|calle|city|stadt|ville|ciudad|citta|cidade|country|\bland\b|pays|pais|industr|sector|branche|type(\||$)|revenue|descr|about|zip|postal|plz|birth|code|fax|middle|nick|user|login|file|domain|host|maiden|kana|カナ|かな|フリガナ|subject|betreff|objet|asunto|oggetto|messag|nachricht|comment/;
const NO_PHONE = /fax|\bext|country|prefix|vorwahl|indicatif/;

const PHONE = /phone|mobil|\btel\b|telefo|telep|handy|rufn|\bgsm|\bcell|portable|movil|celul|telem|\bt[el]f\b|\btlf|komork|電話|携帯|电话|手机|전화|whatsapp/;
const JOB =
  /\bjob|(job|your|business|work|professional) ?title|position|posi[cz]i|\brole\b|\brolle\b|ruolo|occupat|profes|function|funkt|fun[cz]i|fun[cz]ao|fonct|\bposte\b|metier|\bcargo|puesto|mansion|qualific|functie|beroep|beruf|tatigk|befatt|\bstilling|yrke|stanowi|pozice|funkc|役職|職種|職業|职位|职务|岗位|職位|직책/;
const TITLE = /(^|\|)tit(le|el)(\||$)/;
const COMPANY =
  /\b(your ?)?compan[yi]|organi[sz]a|\borg\b|employer|business name|\bbusiness(\||$)|\bfirm[aey]?\b|firm[ae]n|unterneh|betrieb|arbeitg|societ[ea]|entrepr|raison so|empresa|azienda|ragione|\bditta|bedrij|ondernem|werkg|foretag|bolag|virksom|bedrift|selsk|arbe[tji]+[ds]+giv|przedsieb|spolecn|podnik|institution|会社|企業|法人|貴社|公司|企业|单位|單位|회사/;
const FULL =
  /姓名|\bnom (et )?prenom|prenoms? (et )?nom\b|name (und )?vorname|vorname (und )?name\b|\bvor und|nombres? (y )?apel|nome (e )?(cogn|sobre|apel)|imie (i )?nazw|jmeno (a )?prijm|\bvoor en|\bfor (og|och)|first (name )?(and )?last/;
const FIRST = /first ?name|first(\||$)|given|fore ?name|\bfname|vorname|prenom|voornaam|fornavn|fornamn|primer nombre|primo nome|(^|\|)名(\||$)/;
const LAST =
  /last ?name|last(\||$)|surname|family|\blname|nachname|familienn|zuname|nom de fam|apel+id|cognome|sobrenome|achternaam|efterna[vm]n|etternavn|nazwisk|prijmen|(^|\|)姓(\||$)/;
const NAME =
  /\bnamen?\b|(full|your|contact|sender) ?name|nombre|\bnom\b|nomcomp|\bnome\b|\bnaam\b|\bnamn\b|\bnavn\b|\bimie\b|\bjmeno|ansprechp|contactpers|kontaktpers|名前|氏名|이름|성함/;

export type Meaning = "phone" | "job_title" | "title" | "company" | "first" | "last" | "name";

const MEANINGS: readonly (readonly [Meaning, RegExp, RegExp])[] = [
  ["phone", PHONE, NO_PHONE],
  ["job_title", JOB, NEITHER],
  ["company", COMPANY, NEITHER],
  ["name", FULL, NEITHER],
  ["first", FIRST, NEITHER],
  ["last", LAST, NEITHER],
  ["name", NAME, NEITHER],
  ["title", TITLE, NEITHER],
];

/** What a field with these hints asks for, if it is known. */
export function meaningOf(hints: string): Meaning | undefined {
  const [meaning, , not] = MEANINGS.find(([, words]) => words.test(hints)) || [];
  return not && not.test(hints) ? undefined : meaning;
}
