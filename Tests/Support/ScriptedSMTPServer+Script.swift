package import SMTP

extension ScriptedSMTPServer {
    /// What the server does at a stage.
    package indirect enum Action: Sendable {
        /// What a good server would do.
        case accept
        /// Lines parted by line feeds, each with its code; CRLF is added.
        case reply(String)
        /// These bytes and nothing more.
        case raw([UInt8])
        /// A byte at a time.
        case drip(String, every: Duration)
        /// Says nothing, ever.
        case hang
        /// Closes in order.
        case drop
        /// Closes with RST.
        case reset
        case both(Action, Action)
        /// At the dot: writes the ledger first, whatever follows.
        case keeping(Action)
        case after(Duration, Action)
    }

    /// Says what happens when; the first rule that fits counts, and ``Action/accept`` where none does.
    package struct Script: Sendable {
        package struct Moment: Sendable {
            package var stage = SMTPStage.greeting
            /// How often the stage has been reached on this server, from 1.
            package var turn = 0
            /// From 1.
            package var connection = 0
            /// The command as it came, without CRLF.
            package var line = ""
            package var from = ""
            package var recipients: [String] = []
        }

        package struct Rule: Sendable {
            package var fits: @Sendable (Moment) -> Bool
            package var action: Action
        }

        package var rules: [Rule] = []
        /// Before each answer.
        package var delay: Duration = .zero
        /// In place of ``delay``.
        package var delays: [SMTPStage: Duration] = [:]

        package init(delay: Duration = .zero) {
            self.delay = delay
        }

        /// At that stage, for all or for one recipient (compared from RCPT on), at each turn or some.
        package func on(
            _ stage: SMTPStage, recipient: String? = nil, turns: ClosedRange<Int> = 1...Int.max, _ action: Action
        ) -> Script {
            when(action) { moment in
                moment.stage == stage && turns.contains(moment.turn)
                    && recipient.map { moment.recipients.contains($0) } ?? true
            }
        }

        package func when(_ action: Action, _ fits: @escaping @Sendable (Moment) -> Bool) -> Script {
            var script = self
            script.rules.append(Rule(fits: fits, action: action))
            return script
        }

        func action(at moment: Moment) -> Action {
            rules.first { $0.fits(moment) }?.action ?? .accept
        }
    }
}
