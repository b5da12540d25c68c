import HTTPTypes
import Hummingbird
import Mail
import Metrics
import Runtime

/// What recipients' programs fetch: the image that tells of an opening, and links on their way to where they lead.
///
/// Stateless: the token's signature is all there is to check. Whatever the token says, the image is an image.
struct TrackingRoutes: Sendable {
    let keys: TrackingKeys
    let spool: HitSpool
    let cap: RateCap
    let time: TimeSource

    private let forged = Counter(label: "waybill_hits_total", dimensions: [("outcome", "not-ours")])
    private let capped = Counter(label: "waybill_hits_total", dimensions: [("outcome", "over-the-cap")])

    init(keys: TrackingKeys, spool: HitSpool, cap: RateCap = RateCap(), time: TimeSource = .system) {
        self.keys = keys
        self.spool = spool
        self.cap = cap
        self.time = time
    }

    func add(to router: Router<WebContext>) {
        router.get("/o/:token") { request, context in await open(request, context) }
        router.head("/o/:token") { _, _ in Self.image }
        router.get("/c/:token") { request, context in await click(request, context, counts: true) }
        router.head("/c/:token") { request, context in await click(request, context, counts: false) }
    }

    private func open(_ request: Request, _ context: WebContext) async -> Response {
        if let token = token(context), token.purpose == .open {
            let opened = MessageOpened(delivery: token.delivery, userAgent: Self.userAgent(of: request))
            await keep(.messageOpened(opened), token, request)
        } else {
            forged.increment()
        }
        return Self.image
    }

    private func click(_ request: Request, _ context: WebContext, counts: Bool) async -> Response {
        guard let token = token(context), case .click(let link, let target) = token.purpose,
            let location = Self.location(target)
        else {
            forged.increment()
            return Self.nowhere
        }
        if counts {
            let clicked = LinkClicked(
                delivery: token.delivery, link: link, target: target, userAgent: Self.userAgent(of: request))
            await keep(.linkClicked(clicked), token, request)
        }
        return Response(status: .found, headers: Self.headers([.location: location]))
    }

    private func token(_ context: WebContext) -> TrackingToken? {
        context.parameters.get("token").flatMap(keys.verify)
    }

    private func keep(_ body: Fact.Body, _ token: TrackingToken, _ request: Request) async {
        guard !Self.isPrefetch(request) else { return }
        let now = time.now()
        guard cap.admit(token, at: now) else {
            capped.increment()
            return
        }
        await spool.keep(Fact(id: .fresh(), organization: token.organization, occurredAt: now, body: body))
    }

    /// Programs that load ahead of a person say so; they have seen nothing yet.
    static func isPrefetch(_ request: Request) -> Bool {
        ["Purpose", "Sec-Purpose", "X-Purpose", "X-Moz"].contains { name in
            HTTPField.Name(name).flatMap { request.headers[$0] }?.lowercased().contains(/prefetch|prerender|preview/) ?? false
        }
    }

    /// At most 512 bytes, without control characters.
    static func userAgent(of request: Request) -> String? {
        guard let text = request.headers[.userAgent], !text.isEmpty else { return nil }
        var kept = ""
        var bytes = 0
        for scalar in text.unicodeScalars where scalar.value >= 0x20 && scalar.value != 0x7F {
            bytes += UTF8.width(scalar)
            guard bytes <= 512 else { break }
            kept.unicodeScalars.append(scalar)
        }
        return kept
    }

    /// The target as a header can carry it: what is not ASCII percent-encoded, everything else byte for byte.
    static func location(_ target: String) -> String? {
        guard TrackingKeys.isTrackable(target) else { return nil }
        return target.utf8.reduce(into: "") { text, byte in
            if byte < 0x80 {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + String(byte, radix: 16, uppercase: true)
            }
        }
    }

    /// Never cached, never indexed.
    private static func headers(_ more: HTTPFields) -> HTTPFields {
        var headers: HTTPFields = [.cacheControl: "no-store, private, max-age=0", .xContentTypeOptions: "nosniff"]
        if let robots = HTTPField.Name("X-Robots-Tag") { headers[robots] = "noindex, nofollow" }
        for field in more { headers.append(field) }
        return headers
    }

    /// 43 bytes: one transparent pixel.
    private static let pixel: [UInt8] = [
        0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0x21,
        0xF9,
        0x04, 0x01, 0x00, 0x00, 0x00, 0x00, 0x2C, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x02, 0x02, 0x44, 0x01,
        0x00,
        0x3B,
    ]

    private static var image: Response {
        Response(
            status: .ok, headers: headers([.contentType: "image/gif"]), body: .init(byteBuffer: ByteBuffer(bytes: pixel)))
    }

    private static var nowhere: Response {
        let page = """
            <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>This link does not work</title>
            <h1>This link does not work</h1>
            <p>It is not complete, or it did not come from us. Go back to the email and follow the link there, or ask whoever sent it.</p>
            </html>
            """
        var fields: HTTPFields = [.contentType: "text/html; charset=utf-8"]
        fields[.contentSecurityPolicy] = "default-src 'none'"
        return Response(status: .notFound, headers: headers(fields), body: .init(byteBuffer: ByteBuffer(string: page)))
    }
}
