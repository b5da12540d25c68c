import Broker
import HTTPTypes
import Hummingbird
import Logging
import Mail
import Metrics
import NIOCore
import Runtime
import Store

/// Unsubscribing: by the button of a mail program (RFC 8058) or by our page, and the way back.
///
/// Looking changes nothing, because scanners look. What was asked for is on disk before the answer, as a command to the scheduler,
/// which alone knows whose the delivery is.
struct UnsubscribeRoutes: Sendable {
    let keys: TrackingKeys
    let store: StoreFile
    let cap: RateCap
    let time: TimeSource
    let logger: Logger

    /// Changes of mind a token and day.
    private static let mostADay: UInt16 = 20
    private static let largestForm = 4096

    private let forged = Counter(label: "waybill_unsubscribes_total", dimensions: [("outcome", "not-ours")])
    private let kept = Counter(label: "waybill_unsubscribes_total", dimensions: [("outcome", "kept")])
    private let failed = Counter(label: "waybill_unsubscribes_total", dimensions: [("outcome", "not-kept")])

    init(
        keys: TrackingKeys, store: StoreFile, cap: RateCap = RateCap(most: mostADay, cells: 1 << 16), time: TimeSource = .system,
        logger: Logger
    ) {
        self.keys = keys
        self.store = store
        self.cap = cap
        self.time = time
        self.logger = logger
    }

    func add(to router: Router<WebContext>) {
        router.get("/u/:token") { _, context in look(context) }
        router.head("/u/:token") { _, context in look(context) }
        router.post("/u/:token") { request, context in await change(request, context) }
    }

    private func look(_ context: WebContext) -> Response {
        (token(context) == nil ? UnsubscribePage.unknown : .question).response
    }

    private func change(_ request: Request, _ context: WebContext) async -> Response {
        guard let token = token(context) else {
            forged.increment()
            return UnsubscribePage.unknown.response
        }
        guard let choice = await Self.choice(in: request) else { return UnsubscribePage.unclear.response }
        let now = time.now()
        guard cap.admit(token, at: now) else { return UnsubscribePage.tooOften.response }
        let contact = Command.ContactReference.delivery(token.delivery)
        let command: Command =
            switch choice {
            case .unsubscribe: .unsubscribe(organization: token.organization, contact, at: now)
            case .resubscribe: .resubscribe(organization: token.organization, contact, at: now)
            }
        do {
            let message = try Message(command, at: now)
            try await store.write { database in
                try Outbox.put(message, to: Names.commands, routingKey: command.kind.rawValue, in: database)
            }
        } catch {
            failed.increment()
            logger.error("An unsubscription cannot be kept", metadata: ["delivery": "\(token.delivery)", "error": "\(error)"])
            return UnsubscribePage.unavailable.response
        }
        kept.increment()
        return (choice == .unsubscribe ? UnsubscribePage.unsubscribed : .resubscribed).response
    }

    private func token(_ context: WebContext) -> TrackingToken? {
        guard let token = context.parameters.get("token").flatMap(keys.verify), token.purpose == .unsubscribe else { return nil }
        return token
    }

    /// What the body asks for: the page's button, or `List-Unsubscribe=One-Click` in either of the forms that RFC 8058 section 3.2 has.
    /// `nil` where it is neither.
    private static func choice(in request: Request) async -> UnsubscribePage.Choice? {
        let body: String
        do { body = String(buffer: try await request.body.collect(upTo: largestForm)) } catch { return nil }
        if request.headers[.contentType]?.lowercased().hasPrefix("multipart/form-data") == true {
            let isOneClick = body.contains("name=\"List-Unsubscribe\"") && body.contains("\r\n\r\nOne-Click\r\n")
            return isOneClick ? .unsubscribe : nil
        }
        let form = FormFields.read(body)
        if form["List-Unsubscribe"] == "One-Click" { return .unsubscribe }
        return form["choice"].flatMap(UnsubscribePage.Choice.init)
    }
}
