import Foundation
import Mail
import Runtime
import SMTP

/// Everything that can be set about a sender.
struct SenderConfiguration: ServiceConfiguration {
    /// The folder holds journals, and the sandbox's mail. Senders may share one.
    let common: CommonSettings
    /// The tracker's public front, without a trailing slash.
    let publicURL: String
    let transport: TransportSettings
    /// The most messages that the sandbox keeps.
    let sandboxCapacity: Int
    /// How long the sandbox's recipients take, in percent of what people and servers take.
    let sandboxPace: Int
    /// Where the sandbox's recipients reach ``publicURL``.
    let sandboxPublicURL: String
    /// Where the sandbox's recipients send bounces, complaints and automatic answers.
    let bounceIntake: SMTPEndpoint
    /// Deliveries at once.
    let concurrency: Int
    let returnPath: ReturnPath
    let listen: ListenAddress
    /// Content and attachments kept in memory, in bytes.
    let cache: Int
    /// How long what is in flight may take after SIGTERM.
    let drain: Duration
    let dkim: DKIMKeyring

    /// - `WAYBILL_PUBLIC_URL`: where recipients reach the tracker, default `http://127.0.0.1:8080`.
    /// - `WAYBILL_CONCURRENCY`: deliveries at once, 1 to 1000, default 32.
    /// - `WAYBILL_RETURN_PATH`: where bounces go, each delivery's to an address of its own: `bounces@example.com` gives
    ///   `bounces+token@example.com`, a domain alone `bounce+token@…`; default the From address, for the
    ///   sandbox `sandbox.invalid`.
    /// - `WAYBILL_LISTEN`: health, metrics and the sandbox's inbox, default `127.0.0.1:8084`.
    /// - `WAYBILL_SANDBOX_CAPACITY`: messages kept, 1 to 1,000,000, default 10,000.
    /// - `WAYBILL_SANDBOX_PACE`: how long the sandbox's recipients take, in percent of what people and servers take, 0 to 1000,
    ///   default 100.
    /// - `WAYBILL_SANDBOX_PUBLIC_URL`: where the sandbox's recipients reach the tracker, default `WAYBILL_PUBLIC_URL`.
    /// - `WAYBILL_BOUNCE_INTAKE`: where they send bounces and the like, `smtp://host[:port]`, default `smtp://127.0.0.1:2525`.
    /// - `WAYBILL_CACHE_MB`: content kept in memory, 1 to 4096, default 64.
    /// - `WAYBILL_DRAIN`: seconds for what is in flight after SIGTERM, 1 to 20, default 15.
    /// - `WAYBILL_DKIM_KEYS`: a folder of keys that sign mail, `<domain>/<selector>.pem`; default `dkim` in the data folder, where
    ///   it is there.
    /// - What `TransportSettings` asks for.
    /// - Throws: `SettingsError`.
    init(_ settings: inout Settings) throws {
        publicURL = settings.webURL("WAYBILL_PUBLIC_URL", default: "http://127.0.0.1:8080")
        listen = settings.listen("WAYBILL_LISTEN", default: ListenAddress(host: "127.0.0.1", port: 8084))
        concurrency = settings.int("WAYBILL_CONCURRENCY", default: 32, in: 1...1000)
        cache = settings.int("WAYBILL_CACHE_MB", default: 64, in: 1...4096) * 1024 * 1024
        drain = settings.seconds("WAYBILL_DRAIN", default: .seconds(15), in: 1...20)

        sandboxCapacity = settings.int("WAYBILL_SANDBOX_CAPACITY", default: 10_000, in: 1...1_000_000)
        sandboxPace = settings.int("WAYBILL_SANDBOX_PACE", default: 100, in: 0...1000)
        sandboxPublicURL = settings.webURL("WAYBILL_SANDBOX_PUBLIC_URL", default: publicURL)
        transport = TransportSettings(&settings, concurrency: concurrency)
        let intake = TransportSettings.relay(
            settings.string("WAYBILL_BOUNCE_INTAKE", default: "smtp://127.0.0.1:2525"), helo: transport.heloName,
            timeouts: SMTPTimeouts(all: .seconds(30)))
        if intake?.credentials != nil || intake?.security == .implicit || intake == nil {
            settings.complain("WAYBILL_BOUNCE_INTAKE must be smtp://host[:port], such as smtp://127.0.0.1:2525.")
        }
        bounceIntake = intake ?? SMTPEndpoint(host: "127.0.0.1", port: 2525, heloName: transport.heloName)

        // The sandbox's bounces come back to us whoever the letters are from.
        var returnPath = transport.choice == .sandbox ? ReturnPath.signed(mailbox: "bounce", domain: "sandbox.invalid") : .from
        if let path = settings.stringIfPresent("WAYBILL_RETURN_PATH") {
            do {
                let address = try EmailAddress(path.contains("@") ? path : "bounce@\(path)")
                returnPath = .signed(mailbox: address.local, domain: address.asciiDomain ?? address.domain)
                if address.local.hasPrefix("\"") || address.local.utf8.count > TrackingKeys.longestReturnPathMailbox {
                    settings.complain(
                        "WAYBILL_RETURN_PATH must have a name of at most \(TrackingKeys.longestReturnPathMailbox) bytes before the @, without quotation marks."
                    )
                }
            } catch {
                settings.complain("WAYBILL_RETURN_PATH must be an address or a domain: \(error).")
            }
        }
        self.returnPath = returnPath
        dkim = Self.dkim(&settings)
        common = try CommonSettings(of: "sender", &settings)
    }

    private static func dkim(_ settings: inout Settings) -> DKIMKeyring {
        let (folder, isNamed) = dkimFolder(&settings)
        guard isNamed || FileManager.default.fileExists(atPath: folder.path(percentEncoded: false)) else { return DKIMKeyring() }
        do {
            return try DKIMKeyring(reading: folder)
        } catch {
            for complaint in error.complaints { settings.complain("WAYBILL_DKIM_KEYS: \(complaint)") }
            return DKIMKeyring()
        }
    }

    /// Where the keys that sign mail are, and whether that was said.
    static func dkimFolder(_ settings: inout Settings) -> (folder: URL, isNamed: Bool) {
        if let named = settings.stringIfPresent("WAYBILL_DKIM_KEYS") {
            return (URL(filePath: named, directoryHint: .isDirectory), true)
        }
        return (CommonSettings.data(of: "sender", &settings).appending(path: "dkim"), false)
    }
}

/// What stops a sender, in words for the operator.
enum SenderError: Error, Hashable, CustomStringConvertible {
    /// The scheduler takes this session for ended.
    case sessionEnded(SessionID)

    var description: String {
        switch self {
        case .sessionEnded(let session):
            "The session \(session) was declared ended while this sender was at work: another sender took its journal. "
                + "Check that WAYBILL_DATA is on a local disk that keeps file locks, and start the sender again."
        }
    }
}
