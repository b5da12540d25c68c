import Mail

extension SignIndex {
    /// About us: our reputation, our name, our papers, our message.
    static let refusal: [Sign] = policy + blocklists + nameless + content + sender + authentication + relaying + protocolErrors

    private static let policy = [
        Sign(
            .policyRefused, 9,
            [
                "policy reasons", "local policy", "policy violation", "policy restriction*", "security policies", "security policy",
                "organization policy",
                "organizational settings", "denied by policy", "rejected by policy", "refused by policy", "by policy",
                "not yet authorized", "approved list", "known senders", "rtr du", "rtr bl", "rtr bb", "rtr rd", "rtr sc", "rtr ch",
                "rly bl", "rly b1", "rly b2", "con b1", "blocked by",
                "ip is rejected", "rejected ip", "hl rep", "hl mep", "dt rbl", "wm bli", "wm blu",
                "policy reject", "due to policy",
                "administrative prohibition", "administratively denied", "administratively prohibited",
                "prohibited by administrator",
                "banned sending ip", "banned sender", "access denied traffic not accepted", "access denied please try again later",
                "spam abuse detected",
                "not currently accepting mail from your ip", "mail from your ip", "mail from your server",
                "refuse* to accept mail from", "messages from ~ werent sent",
                "user complaints", "complaints", "suspicious activity", "unusual activity", "originating from your ip address",
                "dynamic ip", "dynamic address*", "dynamic pool", "dialup", "dial up", "generic ptr", "generic dns", "residential",
                "helo rejected", "bad helo", "invalid helo", "helo ~ invalid", "ehlo ~ invalid", "forged helo", "fake helo",
                "host rejected", "client host rejected",
                "connecting host", "host network not allowed", "not allowed to connect", "not permitted to connect",
                "not authorized to connect",
                "connections not accepted", "connection rejected", "connection denied", "connection not allowed", "geographical",
                "geoip", "country", "from your region",
                "from your location", "your network", "your server", "your ip", "this ip", "sending ip", "source ip", "client ip",
                "ip address", "your host",
                "restricted to", "only accepts", "not accept* mail from", "notauthorized", ".notauthorized", "members only",
                "not in allowed senders", "allowed senders",
                "only allows members", "moderated", "recipient preferences", "blocked by the recipient", "rejected by recipient",
                "rejected by this user",
                "rejected by user", "user rules", "refuses to accept", "refuse to receive", "does not want", "recipient refuses",
                "message refused", "mail refused",
                "by user ~ rule", "challenge response", "requires confirmation", "confirm ~ sending", "tls required",
                "starttls required", "encryption required", "encryption needed",
                "must issue a starttls", "starttls command first", "require* tls", "secure connection", "use tls",
                "requires encryption", "cs01",
                "tss0*", "tss*", "ts01", "ts02", "ts03", "ph01", "bl21", "ipts0*", "s3140", "s3150", "ou 001",
                "ou 002", "sc 001", "sc 002", "sc 003", "sc 004", "dy 001",
                "rl000001", "bl000001", "bl000010", "rcp p2", "cxbl", "cdrbl", "aup", "fblk", "abuse", "abus", "abusive",
                "incident de spam", "blocked for spamming", "hetu*",
                "sicherheitsrichtlinie*", "richtlinie*", "politique", "politica de", "politicas", "политик*", "策略",
                "trusted sender*", "unauthorized ip", "unauthorised ip",
            ]),
        Sign(
            .policyRefused, 5,
            [
                "access denied", "no access", "unauthorized", "unauthorised", "not authorized", "not authorised", "not allowed",
                "not permitted", "permission denied",
                "forbidden", "prohibited", "denied", "go away",
                "blocked", "banned", "refused", "policy", "restricted", "firewall", "security", "rejected for",
                "verification failure", "acces refuse", "zugriff verweigert",
                "acceso denegado", "acesso negado", "accesso negato", "доступ запрещен",
            ]),
    ]

    private static let blocklists = [
        Sign(
            .policyRefused, 12,
            [
                "spamhaus", ".spamhaus", "zen.spamhaus.org", "sorbs", ".sorbs", "spamcop", ".spamcop", "uceprotect*", ".uceprotect",
                "barracudacentral", ".barracudacentral",
                "barracuda reputation", "abuseat", ".abuseat", "abusix", ".abusix", "spamrats", ".spamrats", "invaluement",
                ".invaluement", "psbl", ".psbl", "manitu", ".manitu", "mailspike",
                ".mailspike", "junkemailfilter", ".junkemailfilter", "cloudmark ~ reset", ".cloudmark", "senderscore",
                ".senderscore", "0spam", ".0spam", "backscatterer", ".backscatterer", "dronebl",
                ".dronebl", "nixspam", ".nixspam", "rbl", ".rbl", "rbls", "dnsbl*", ".dnsbl", "dns blacklist", "realtime block*",
                "real time block*", "blacklist*", "black list*", "blocklist*", "block list*",
                "blacklisted", "blackhole", "listed at", "listed in", "listed on", "listed by", "is listed", "blocked using",
                "rejected using", "block listed", "xbl", "sbl", "pbl", "cbl",
                "ivmsip", "schwarze liste", "liste noire", "lista negra", "черн* список*", "черном списке", "黑名单", "dnswl",
                "attrbl", "bl spamcop", "refused see http", "blocked see http",
                ".dnsbl-lookup", ".ip-lookup", "open proxy", "open relay", "spam source", "spam origin", "mail from ip banned",
                "ip banned", "zombie", "botnet", "snowshoe", "trend micro rbl",
                "email reputation", "ers dul", "ers qil", "hostkarma", "surriel", "fiveten",
                "ip is blocked", "ip blocked", "ip has been blocked", "ip address blocked", "ip address has been blocked",
                "ip address is blocked", "ip ~ has been blocked", "ip ~ is blocked",
                "sending address ~ is blocked", "host ~ is blocked", "server ~ blocked", "has been temporarily blocked",
                "ip temporarily blacklisted", "mail server ~ is blocked", "adresse ip ~ bloquee",
                "likely suspicious due to the very low reputation", "reputation", "very low reputation", "sender is blocked by",
                "permanently deferred",
                "poor reputation of", "sender is blocked", "reject bulk",
            ])
    ]

    private static let nameless = [
        Sign(
            .policyRefused, 16,
            [
                ".sendernotauthenticated*", "policy analysis", "no reverse name", "cant be resolved", "must resolve", "dns entry",
                "helo has been denied", "bad helo", "invalid helo", "helo invalid", "helo argument", "sendernotauthenticated*",
                "delivery restriction*", "helo command rejected",
                "reverse dns", "rdns", "fcrdns", "ptr record*", "ptr", "ptr resource", "no ptr", "cannot find your hostname",
                "cannot find your reverse hostname",
                "find your reverse", "ip name lookup failed", "ip name possibly forged", "name lookup failed", "reverse lookup",
                "hostname mismatch", "no reverse", "unverifiable",
                "mismatches client ip", "reverse hostname", "reverse entry", "invertida", "reverse resolution",
            ])
    ]

    private static let content = [
        Sign(
            .contentRejected, 15,
            [
                "duplicate header*", "multiple ~ headers", "multiple addresses in from", "due to spam", "for spam or virus",
                "spam classification",
            ]),
        Sign(
            .contentRejected, 10,
            [
                "content rejected", "html tag", "contains html", "nul characters", "spam bomb", "sensitive words",
                "words in the message", "spamtext", "potential spam", "possible spam", "identified spam", "spam scale",
                "message is banned", "conversion failure", "unacceptable content", "unacceptable attachment",
                "restricted attachment", "does not comply", "rejected by dcc", "due to content", "due to its content",
                "message content", "content policy", "spam content",
                "spam message", "spam detected",
                "spam score", "spam scored", "message looks like spam", "looks like spam",
                "considered spam", "considered as spam", "identified as spam", "classified as spam", "detected as spam",
                "flagged as spam", "marked as spam", "appears to be spam", "seems to be spam", "rejected as spam", "likely spam",
                "probable spam", "probably spam", "is spam", "as spam", "be spam", "spam like", "spam or virus", "spam rejected",
                "spam refused", "spam blocked", "spam email", "spam mail", "spam pattern*", "spam filter*", "spamfilter*",
                "antispam", "anti spam", "spamassassin", "high probability of spam", "high spam", "spam probability", "spam points",
                "reject spam", "no spam", "junkmail", "junk mail", "bulk mail", "bulk email",
                "unsolicited mail", "unsolicited bulk", "unsolicited email", "unsolicited", "ube", "uce", "virus*", "malware",
                "infected", "phishing", "trojan", "malicious", "suspicious attachment", "illegal attachment", "attachment type",
                "attachment ~ not allowed",
                "attachment ~ forbidden", "attachment extension", "banned file", "banned attachment", "prohibited attachment",
                "executable", "blocked attachment", "attachments are not", "potential security issue", "security issue",
                "content filter*", "content restriction*",
                "content scanner", "content not accept*", "mail content denied", "content denied", "contains ~ url", "url ~ listed",
                "url ~ blocked", "url ~ blacklist*", "uribl", ".uribl", "surbl", ".surbl", "url in this", "domain found in ~ body",
                "message body", "links in", "bad header", "bad headers",
                "header ~ error", "header error", "headers too large", "not rfc 5322", "rfc 5322", "rfc 2822", "rfc5322", "rfc2822",
                ".rfcmessagenoncompliant", "message id header", "missing ~ header", "header missing", "invalid header",
                "invalid headers", "malformed message", "message is malformed", "message malformed",
                "from header", "non compliant", "conform to standards", "8 bit data in", "mime", "message filtered",
                "message blocked", "message was blocked", "mail was blocked", "message has been blocked", "dt spm", "ib212",
                "ib705", "hvu b*", "ofr 506", "spm", "scored as", "recurrent pattern", "spamprofiler", "mass mailer",
                ".unsolicitedmessageerror",
                "b url", "b text", "inhalt ~ abgelehnt", "als spam", "spamverdacht", "contenu ~ refuse", "mail rejete",
                "comme spam", "como spam", "contenido rechazado", "contenuto ~ rifiutato", "спам*", "вирус*", "垃圾邮件", "病毒", "スパム",
                "ウイルス", "message quarantined", "message does not meet", "score too high", "symantec", "csi spam",
            ]),
        Sign(
            .contentRejected, 6,
            [
                "spam", "spamming", "content", "attachment*", "header*", "filter*", "message rejected", "message refused",
                "mail rejected", "email rejected",
            ]),
    ]

    private static let sender = [
        Sign(
            .senderRefused, 13,
            [
                "sender address rejected", "sender rejected", "sender address", "sender verify failed", "sender verification",
                "postmaster verification", "return email domain", "return address", "sending domain", "badmailfrom",
                "sender verification failed", "sender verify", "sender unknown", "unknown sender", "invalid sender",
                "sender invalid", "sender domain", "domain of sender", "sender denied",
                "sender ~ does not exist", "sender ~ not exist", "senders address", "sender email address", "return path",
                "envelope sender", "envelope from", "mail from domain", "mail from ~ not", "mail from rejected", "mail from denied",
                "mail from address", "from address ~ not",
                "from address ~ invalid", "from address", "from domain", "from ~ domain is invalid", "originator", "bad sender",
                "sender not allowed", "sender not accepted", "sender is rejected", "sender is not", "sender refused",
                "sender blocked", "sender ~ blacklist*", "sender was rejected", "sender not pre approved", "sender ~ no a aaaa",
                "not owned by user", "not owned", "not allowed to send as", "sendas", "sender email", "emetteur invalide",
                "expediteur ~ refuse", "expediteur invalide", "absender ~ abgelehnt", "absenderadresse", "absender ungultig",
                "remitente ~ rechazado", "remitente invalido", "remetente ~ rejeitado", "remetente invalido",
                "mittente ~ rifiutato", "mittente non valido",
                "отправител*", "发件人", "發件人", "null sender", "empty sender", "empty envelope", "backscatter", "batv",
                "no third party dsns", "purported responsible address", "senderfilterconfig", "address is not verified",
                "email address is not verified", "identities failed the check", "valid sender domain", "sender cannot be verified",
                "your email address has been",
                "verify sender", "verify the sender", "rejected sender", "reject sender", "sender id", "mi spb", "fake sender",
                "spoof*", "unroutable sender", "could not verify sender", "could not verify the sender", "sender callout",
                "unregistered domains", "no mx ~ sender",
            ])
    ]

    private static let authentication = [
        Sign(
            .authenticationRefused, 14,
            [
                "dmarc", "dmarc*", "spf", "spf*", "dkim", "dkim*", "sender policy framework", ".openspf", "domainkeys", "senderid",
                "unauthenticated email", "with authentication", "unauthenticated mail", "unauthenticated message*",
                "is unauthenticated",
                "unauthenticated sender*", "authentication information", "authentication checks", "fails to pass authentication",
                "sender ~ authenticate", "senders to authenticate", "authentication required", "authentication is required",
                "authentification requise", "authentication failed", "authentication failure", "authentication unsuccessful",
                "authentication credentials", "authenticate first", "must authenticate", "must be authenticated",
                "please authenticate", "not authenticated", "was not authenticated",
                "smtp authentication", "username and password", "bad credentials", "invalid credentials",
                "invalid login", "invalid authentication", "login failed", "password", "log in with your web browser",
                "log in via your web browser", "need to authenticate", "need authentication", "requires authentication",
                "authrequired", ".authrequired", ".badcredentials", ".unauthenticatedemail",
                "arc seal", "mi spf", "code d authentification", "authentifizierung", "authentifizierung ~ fehlgeschlagen",
                "autenticacion", "autenticacao", "autenticazione", "аутентификац*", "authorization failed",
                "client was not authenticated", "sender policy", "auth required", "mx ~ not authenticated",
                "not authorised to send as", "not authorized to send from", "is not allowed to send mail",
                "not allowed to send from", "not permitted to send from", "sasl",
            ])
    ]

    private static let relaying = [
        Sign(
            .relayingDenied, 15,
            [
                "relay disabled", "unauthorized relay", "relay traffic", "relaying blocked",
                "relay access denied", "relaying denied", "relay denied", "relay not permitted", "relaying not permitted",
                "unable to relay", "not permitted to relay", "relay not allowed", "relaying not allowed", "relaying is not allowed",
                "not allowed to relay", "isnt allowed to relay", "not relay", "no relay", "no relaying", "relaying prohibited",
                "relay prohibited", "relaying mail to",
                "cannot relay", "cant relay", "wont relay", "relay rejected", "relaying rejected", "relay attempt",
                "not an open relay", "allowed rcpthosts", "rcpthosts", "not a gateway", "not configured to relay",
                "we do not relay", "we dont relay", "do not relay", "open relay not allowed", "relay is not", "relaying disallowed",
                "mail relay denied", "invalid credentials for relay", "relaying", "relay ~ denied",
                "non accepted domain", "not local host", "is not a local domain", "not one of our domains", "not a local domain",
                "domain ~ not local", "we dont handle mail for", "we do not handle mail for", "not handle mail for",
                "relais refuse", "relais interdit", "relay verboten", "relaying nicht erlaubt", "reenvio no permitido",
                "relay negado", "пересылка запрещена", "not hosted here", "does not host", "tenantattribution",
                "non local e mail address", "non local recipient",
            ])
    ]

    private static let protocolErrors = [
        Sign(
            .protocolError, 9,
            [
                "syntax error", "command not recognized", "command unrecognized", "unrecognized command", "command unknown",
                "unknown command", "command not implemented", "not implemented", "unimplemented", "parameter not implemented",
                "parameters not", "unrecognized parameter", "unsupported parameter", "invalid parameter", "bad sequence",
                "out of sequence", "improper sequence",
                "bad command", "invalid command", "improper use of smtp command pipelining",
                "command pipelining", "pipelining", "rcpt command must precede", "line too long", "line length",
                "protocol violation", "protocol error",
                "smtp protocol", "need mail", "need rcpt", "mail first", "rcpt first", "need rcpt command",
                "no recipients specified", "hello first", "helo first", "ehlo first", "bare lf", "bare line feed", "bare newline",
                "bare linefeed",
                "stray", "before greeting", "bdat", "optional argument", "invalid characters", "smtputf8", "non ascii",
                "internationalized", "encoding", "syntaxfehler", "erreur de syntaxe", "error de sintaxis", "erro de sintaxe",
                "errore di sintassi", "commande inconnue", "语法错误", "nested mail", "duplicate mail",
                "already specified", "arguments", "unexpected data", "unexpected command", "not rfc", "ambiguous",
            ])
    ]
}
