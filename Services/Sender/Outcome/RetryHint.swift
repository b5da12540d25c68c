import Foundation

/// "Try again in 5 minutes": the wait that a server asks for in a temporary refusal, in the words and languages that servers use for it.
enum RetryHint {
    /// The longest wait that is believed: a day, in seconds.
    static let longest = 86_400

    /// In seconds, 1 to ``longest``; `nil` where the text asks for none.
    static func seconds(in text: String) -> Int? {
        let words = words(of: text)
        for index in words.indices {
            guard let wait = wait(at: index, in: words), wait >= 1, asks(words[..<index]) else { continue }
            return min(wait, longest)
        }
        return nil
    }

    /// Lower case, without accents; a colon inside a word stays: `00:05:00`.
    private static func words(of text: String) -> [Substring] {
        String(text.prefix(2048)).folding(options: [.caseInsensitive, .diacriticInsensitive], locale: nil)
            .split { !$0.isLetter && !$0.isNumber && $0 != ":" }
    }

    /// Whether the words before a quantity ask for a wait, and do not count what was sent in it: "50 messages in 1 hour".
    private static func asks(_ before: ArraySlice<Substring>) -> Bool {
        before.suffix(3).contains(where: cues.contains) && !before.suffix(4).contains(where: counts.contains)
    }

    private static let cues: Set<Substring> = [
        "in", "after", "for", "wait", "least", "within", "retry", "back", "again", "nach", "fur", "warten", "dans", "apres",
        "attendre", "en",
        "despues", "dentro", "em", "apos", "aguarde", "tra", "fra", "dopo", "attendere", "za", "po", "через", "over", "om",
    ]

    private static let counts: Set<Substring> = [
        "messages", "message", "mails", "mail", "emails", "connections", "recipients", "limit", "per", "every", "last", "past",
    ]

    // MARK: - Quantities

    /// `5 minutes`, `300s`, `an hour`, `00:05:00`, `PT5M`: in seconds.
    private static func wait(at index: Int, in words: [Substring]) -> Int? {
        let word = words[index]
        if let clock = clock(word) ?? period(word) { return clock }
        let next = index + 1 < words.count ? words[index + 1] : nil
        if ["a", "an", "one", "eine", "einer", "einem", "une", "un", "una"].contains(word), let next, let unit = unit(next),
            unit >= 60
        {
            return unit
        }
        let digits = word.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, digits.count <= 6, let number = Int(digits) else { return nil }
        let rest = word.dropFirst(digits.count)
        guard let name = rest.isEmpty ? next : rest, let unit = unit(name) else { return nil }
        return number * unit
    }

    /// `5:00` is minutes and seconds, `00:05:00` hours as well.
    private static func clock(_ word: Substring) -> Int? {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), parts.allSatisfy({ (1...2).contains($0.count) }) else { return nil }
        let numbers = parts.compactMap { Int($0) }.filter { $0 >= 0 }
        guard numbers.count == parts.count else { return nil }
        return numbers.reduce(0) { $0 * 60 + $1 }
    }

    /// `PT1H30M` (ISO 8601).
    private static func period(_ word: Substring) -> Int? {
        guard word.hasPrefix("pt"), word.count <= 16 else { return nil }
        var total = 0
        var number = 0
        var hasNumber = false
        for character in word.dropFirst(2) {
            if character.isASCII, let digit = character.wholeNumberValue {
                number = min(number * 10 + digit, 1_000_000)
                hasNumber = true
            } else {
                guard hasNumber, let unit = ["h": 3600, "m": 60, "s": 1][character] else { return nil }
                total += number * unit
                number = 0
                hasNumber = false
            }
        }
        return hasNumber || total == 0 ? nil : total
    }

    private static func unit(_ name: Substring) -> Int? {
        switch name {
        case "s", "sec", "secs", "second", "seconds", "sekunde", "sekunden", "seconde", "secondes", "segundo", "segundos",
            "secondi",
            "sekund", "sekundy", "секунд", "секунды", "секунду", "seconden":
            1
        case "m", "min", "mins", "minute", "minutes", "minuten", "minuto", "minutos", "minuti", "minut", "minuty", "минут",
            "минуты", "минуту",
            "minuut":
            60
        case "h", "hr", "hrs", "hour", "hours", "stunde", "stunden", "heure", "heures", "hora", "horas", "ora", "ore", "godzin",
            "godziny", "часов",
            "часа", "час", "uur", "uren":
            3600
        case "d", "day", "days", "tag", "tage", "tagen", "jour", "jours", "dia", "dias", "giorno", "giorni", "dni", "день", "дня",
            "дней":
            86_400
        default: nil
        }
    }
}
