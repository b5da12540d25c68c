import Mail

extension SignIndex {
    /// About space, load, time and the way there.
    static let capacity: [Sign] = full + large + rate + grey + server + network + expired + moods

    private static let full = [
        Sign(
            .mailboxFull, 13,
            [
                "error writing message file too large", "too many messages on the server", "too many messages on this mailbox",
                "too many messages in this mailbox",
                "allowed message count", "zuviele mails", "zu viele mails",
            ]),
        Sign(
            .mailboxFull, 10,
            [
                "out of quota", "quota is over", "mailbox is over", "overdrawn", "over quote", "dropfile", "receive any more mail",
                "space not enough", "not enough diskspace", "maximum allowed storage", "maximum mailbox size",
                "exceeds allowed size",
                "larger than the space available", "limit exeeded", "mail box space", "quota for the mailbox", "errno 28",
                "mailbox full", "mailbox is full", "mailbox ~ full", "full mailbox", "inbox full", "inbox is full",
                "account is full",
                "mailfolder is full", "over quota", "overquota", "overquotatemp", ".overquotatemp", ".overquotaperm",
                "quota exceeded",
                "exceeded ~ quota", "exceeds ~ quota", "exceeding ~ quota", "exceed ~ quota", "quota ~ exceeded", "quota violation",
                "quota full",
                "over ~ quota", "out of storage", "storage full", "exceeded storage", "exceeded ~ storage", "storage quota",
                "storage limit", "storage space ~ exceeded", "no storage space", "exhausted ~ storage", "not enough storage",
                "not enough space", "insufficient space", "insufficient mailbox", "disk quota", "disk space ~ exceeded",
                "exceeded ~ disk", "exceeded ~ space", "maildir ~ quota", "recipient overquota",
                "has too many messages on the server",
                "mailbox size limit", "mailbox ~ size limit", "mailbox would exceed", "mailbox exceeded", "mailbox limit",
                "space has been used up",
                "quotaexceeded*", "quota ~ reached", "reached ~ quota", "shutoffquotaexceeded", "mapiexceptionshutoffquotaexceeded",
                "trouble in home directory", "user is over", "inode limit exceeded", "would be over",
                "no space left in mailbox", "mailbox has reached", "mailbox store is full", "over its limit", "no room in mailbox",
                "sufficient disk space", "quota issue*", "mail quota", "mailbox quota", "exceeded his quota",
                "over the allowed quota",
                "account storage limit", "over the maximum allowed", "has exceeded the max", "enough disk space",
                "postfach voll", "postfach ist voll", "postfach ~ voll", "speicherplatz ~ erschopft", "speichervolumen",
                "kontingent uberschritten",
                "quota uberschritten", "boite ~ pleine", "destinataire pleine", "boite aux lettres pleine", "quota depasse",
                "espace ~ insuffisant", "quota ~ depasse", "buzon lleno", "buzon ~ lleno", "cuota excedida", "cuota ~ excedida",
                "sin espacio", "casilla llena", "bandeja ~ llena", "caixa ~ cheia", "caixa postal cheia", "cota excedida",
                "espaco insuficiente",
                "casella piena", "casella ~ piena", "quota superata", "spazio esaurito", "spazio ~ esaurito", "skrzynka ~ pelna",
                "przepelniona",
                "przekroczon*", "ящик переполнен", "переполнен", "превышена квота", "квота ~ превышена", "mailbox vol",
                "postvak ~ vol",
                "空间不足", "容量不足", "邮箱已满", "信箱已滿", "容量がいっぱい", "容量オーバー", "용량",
            ]),
        Sign(.mailboxFull, 5, ["quota", "too much mail data", "no space left", "not enough room", "allocation exceeded"]),
    ]

    private static let large = [
        Sign(
            .messageTooLarge, 10,
            [
                "message too large", "message too big", "message is too large", "message is too big", "message too long",
                "message size exceeds", "size exceeded", "size exceeds", "message size violation", "message size ~ exceeds",
                "size of your message", "message exceeds ~ size",
                "message exceeded ~ size",
                "maximum message size", "max message size", "message size limit", "exceeds size limit", "exceeds ~ message size",
                "message exceeds",
                "exceeded ~ message size", "exceeds maximum size", "maximum size", "size limit exceeded", "message length exceeds",
                "too big for system", "email too large", "mail too large", "mail size ~ exceed*", "mail size limit",
                "mailsize limit", "file too big",
                "attachment too large", "attachment ~ too large", "recipsizelimit", ".recipsizelimit", "exceeds fixed limit",
                "exceeded the limit ~ size",
                "maximum email size", "larger than the current system limit", "larger than ~ allowed", "larger than ~ limit",
                "size exceeds",
                ".maxsizeerror", "message larger than", "nachricht ~ zu gross", "nachricht ~ zu groß", "message trop volumineux",
                "taille ~ message",
                "trop volumineux", "taille limite", "mensaje demasiado grande", "tamano ~ mensaje", "mensagem muito grande",
                "tamanho ~ mensagem",
                "messaggio troppo grande", "dimensione ~ messaggio", "слишком большое письмо", "размер письма",
                "слишком большой размер", "邮件过大", "郵件過大",
                "サイズ", "too much data", "oversized message", "message size violation", "message oversize*",
                "exceeds the maximum message",
            ]),
        Sign(.messageTooLarge, 5, ["too much mail data"]),
        Sign(.messageTooLarge, 6, ["too large", "too big", "size limit", "exceeds ~ size"]),
    ]

    private static let rate = [
        Sign(
            .rateLimited, 12,
            [
                "receiving mail at a rate", "unusual amount of", "connection slots", "mail bomb", "retrying too fast",
                "submission rate", "rate limiting", "dyn t1", "hl icc", "hl ifc", "mi dmc", "mi sfq", "mi ccl", "mi cel", "rp drc",
                "rp ccl",
                "rp cel", "receiving mail too quickly", "rate that prevents", ".receivingrate",
                ".receivingrateperm",
                "rate limited", "rate limit", "ratelimit*", "rate limiting", "rate exceeded", "rate ~ exceeded",
                "too many connections",
                "too many concurrent", "too many simultaneous", "too many sessions", "too many recipients", "too many messages",
                "too many mails",
                "too many emails", "too many errors", "too many rcpt*", "too many transactions", "too many bad commands",
                "too much mail from",
                "throttl*", "too quickly", "too fast", "too frequent*", "slow down", "slower", "unexpected volume",
                "excessive volume",
                "frequency limited", "frequency limit*", "sending limit", "sending quota exceeded", "sending limits",
                "relay limit exceeded",
                "hourly limit", "per hour", "this hour", "daily limit", "limit exceeded for today",
                "exceeded the maximum number of",
                "exceeded ~ maximum number of", "exceeded the rate", "exceeded ~ connection", "maximum connections",
                "max connections",
                "connection limit", "concurrent connection*", "concurrency limit", "connection rate", "connections from your",
                "message threshold exceeded",
                "limit on the number of", "limit for the number", "submission quota", "exceeded permitted limits",
                "thread limit exceeded",
                "unusual rate of mail", "an unusual rate", ".throttled", "max rcpt", "exceeds ~ recipient limit",
                "number of recipients", "recipient limit",
                "trop de connexions", "trop de messages", "zu viele verbindungen", "zu viele nachrichten", "demasiadas conexiones",
                "demasiados",
                "muitas conexoes", "troppe connessioni", "слишком много", "слишком часто", "превышен лимит", "频率", "超过限制", "过多",
                "message quota exceeded", "sending rate", "mail volume", "too many unauthenticated", "over rate",
                "exceeded ~ hourly",
                "recipient rate", "message rate", "connection refused too many",
            ]),
        Sign(.rateLimited, 8, ["temporarily deferred"]),
        Sign(.rateLimited, 4, ["too many", "limit exceeded", "exceeded", "deferred"]),
    ]

    private static let grey = [
        Sign(
            .greylisted, 12,
            [
                "greylist*", "graylist*", "grey list*", "gray list*", ".greylist", ".greylisting", "postgrey", ".postgrey",
                "please try again in ~ minutes", "first time sender", "you are being ~ listed", "in greylist", "greypass",
                "sqlgrey", "milter greylist",
                "temporarily rejected please try again later first", "unknown triplet", "new triplet", "liste grise", "lista gris",
                "灰名单",
                "серый список", "grauliste",
            ])
    ]

    private static let server = [
        Sign(
            .serverUnavailable, 15,
            [
                "maildir delivery failed", "cannot update mailbox", "unable to create lock", "lock file", "virus scan failed",
                "scanners failed", "unable to quarantine", "message delayed",
                "could not complete sender verify", "could not complete recipient verify",
            ]),
        Sign(
            .serverUnavailable, 8,
            [
                "service not available", "service unavailable", "service is unavailable", "service temporarily unavailable",
                "service currently unavailable", "service is currently unavailable", "temporarily unavailable",
                "not accepting connections",
                "server busy", "server too busy", "system busy", "server is busy", "too busy", "heavy load", "high load",
                "overloaded", "load average",
                "temporary failure", "temporary server error", "temporary system problem", "temporary problem", "temporary error",
                "temporary local problem", "temporary local error", "local error in processing", "error in processing",
                "internal error", "internal server error",
                "server error", "insufficient system storage", "insufficient system resources", "insufficient disk",
                "insufficient resources",
                "mail system full", "system storage", "out of memory", "queue file write error", "file write error", "disk full",
                "no space left on device",
                "server configuration problem", "server configuration error", "configuration error", "system config error",
                "local configuration error",
                "system not accepting", "system is not", "not accepting network messages", "shutting down", "shutdown",
                "maintenance", "out of service",
                "temporary lookup failure", "lookup failure", "cannot process", "could not process", "unable to process",
                "server not available", "server unavailable",
                "server temporarily", "temporarily not available", "local problem", "backend", "upstream error",
                "resources temporarily",
                "internal resources", "database error", "ldap", "read error", "write error", "i o error", "input output error",
                "lock failure", "could not open",
                "cant create", "transport unavailable", "local delivery failed", "could not complete recipient verify callout",
                "could not complete",
                "recipient temporarily unavailable", "server is not responding", "not in service", "command timeout",
                "try again later closing connection",
                "temporarily unable", "unable to temporarily", "temporarily failed", "agent busy", "service nicht verfugbar",
                "vorubergehend",
                "service refuse", "service non disponible", "service indisponible", "temporairement", "servicio no disponible",
                "temporalmente no",
                "servico indisponivel", "temporariamente", "servizio non disponibile", "temporaneamente", "временно недоступ*",
                "временная ошибка", "сервер перегружен",
                "系统繁忙", "暂时", "一時的", "mdb properties", "program failure", "mailer error", "system error", "unexpected error",
                "drd for domain", "service refused",
            ]),
        Sign(
            .serverUnavailable, 3,
            ["unavailable", "try again later", "try later", "temporary", "temporarily", "please try again", "later"]),
    ]

    private static let network = [
        Sign(.network, 15, ["host not found try again", "not found try again", "lookup failed temporarily"]),
        Sign(
            .network, 11,
            [
                "connection timed out", "connection refused", "connection reset", "connection was closed", "connection closed",
                "connection dropped",
                "connection lost", "lost connection", "connection failed", "connection timeout", "connect timeout",
                "timed out while",
                "no route to host", "network is unreachable", "network unreachable", "host unreachable", "host is unreachable",
                "host is down",
                "could not connect", "cannot connect", "failed to connect", "unable to connect", "couldnt connect",
                "not able to connect",
                "operation timed out", "socket error", "broken pipe", "wasnt able to establish an smtp", "unable to establish",
                "did not accept our requests to connect",
                "no response from host", "no answer from host", "bad connection", "server did not respond",
                "no supported mail exchanger", "host not reachable",
                "unable to reach", "could not be reached", "cannot reach", "dns query failed", "dns lookup failed", "dns error",
                "dns failure", "name server",
                "name service error", "host not found try again", "host name lookup failure", "name server timeout",
                "temporary dns", "dns timeout", "servfail",
                "resolve failed", "unable to resolve", "could not resolve", "cannot resolve", "lookup timed out", "dns server",
                "too many hops", "mail loop*", "mailloop",
                "hop count exceeded", "loops back to myself", "routing loop", "mail forwarding loop", "message loop*",
                "loop detected", "loop was found", "is looping",
                "forwarding loop", "exceeded ~ hops", "maximum hop", "too many received", "verbindung ~ fehlgeschlagen",
                "zeituberschreitung",
                "delai depasse", "connexion refusee", "tiempo de espera", "conexion rechazada", "tempo esgotado",
                "connessione rifiutata", "timeout ~ connect",
                "tls handshake", "ssl handshake", "handshake failed", "certificate", "starttls failed", "tls not available",
                "tls negotiation",
            ]),
        Sign(.network, 5, ["timed out", "timeout", "unreachable", "connection", "loop"]),
    ]

    private static let expired = [
        Sign(
            .expired, 12,
            [
                "message expired", "delivery expired", "delivery time expired", "retry timeout exceeded", "message timed out",
                "queue expired", ".expired",
                "message ~ queue too long", "in the queue too long", "retry time not reached", "message could not be delivered for",
                "could not be delivered for", "have been failing for a long time", "unable to deliver in",
                "unable to deliver message after", "giving up after",
                "message has expired", "maximum queue lifetime", "queue lifetime", "within the allowed queue period",
                "delivery timeout", "exceeded the maximum time",
                "undeliverable for", "retries exhausted", "max retries", "maximum retries", "retry limit", "too many retries",
                "delivery period expired",
                "could not be sent for", "has not been collected after", "after sitting in queue", "time limit exceeded",
                "frist abgelaufen",
            ])
    ]

    private static let moods = [
        Sign(
            .passing, 5,
            [
                "temporar*", "try again", "try later", "retry", "later", "for now", "at this time", "currently", "at the moment",
                "vorubergehend", "spater",
                "plus tard", "reessayer", "mas tarde", "intente", "tente novamente", "mais tarde", "riprova", "piu tardi",
                "pozniej", "позже", "稍后", "later again",
            ]),
        Sign(.lasting, 5, ["permanent*", "will not succeed", "never", "no longer", "discontinued"]),
    ]
}
