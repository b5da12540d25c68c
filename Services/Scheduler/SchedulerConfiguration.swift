import Mail
import Runtime

/// Everything that the scheduler is told by its environment.
struct SchedulerConfiguration: ServiceConfiguration {
    let common: CommonSettings
    let listen: ListenAddress
    let limits: AdmissionLimits
    let rules: WorkRules
    /// How long a ticket may be out before it is looked for.
    let ticketAge: Duration

    /// - `WAYBILL_LISTEN`: HTTP API, health and metrics, `127.0.0.1:8082`.
    /// - `WAYBILL_MAX_RECIPIENTS`: the most recipients of one mailing, 150.
    /// - `WAYBILL_MAX_BODY_BYTES`: the largest request body, 26,214,400 (25 MiB). Attachments may take three quarters of it.
    /// - `WAYBILL_CLAIM_GRACE`: seconds that a sender has to report, once another one has met its claim, 900.
    /// - `WAYBILL_CLAIM_LIMIT`: seconds after which a claim that nobody reports on is uncertain in any case, 21,600 (6 h).
    /// - `WAYBILL_RETRY_FIRST`: seconds before the first retry, 60; doubled after each.
    /// - `WAYBILL_RETRY_CEILING`: the longest wait between retries in seconds, 14,400 (4 h).
    /// - `WAYBILL_RETRY_LIFETIME`: seconds after the first deferral at which a delivery is given up, 259,200 (72 h).
    /// - `WAYBILL_TICKET_AGE`: seconds after which a ticket is issued again if it is lost, 30: the queue is empty or younger ones
    ///   were claimed.
    /// - `WAYBILL_DESTINATION_LIMITS`, `WAYBILL_ORGANIZATION_LIMITS`: as ``LimitTable`` reads them; none.
    /// - Throws: `SettingsError` with every complaint.
    init(_ settings: inout Settings) throws {
        listen = settings.listen("WAYBILL_LISTEN", default: ListenAddress(host: "127.0.0.1", port: 8082))
        let bodyBytes = settings.int("WAYBILL_MAX_BODY_BYTES", default: 25 << 20, in: 1024...(32 << 20))
        limits = AdmissionLimits(
            recipients: settings.int("WAYBILL_MAX_RECIPIENTS", default: 150, in: 1...10_000), bodyBytes: bodyBytes)
        rules = WorkRules(
            retry: RetrySchedule(
                first: settings.seconds("WAYBILL_RETRY_FIRST", default: .seconds(60), in: 1...86_400),
                ceiling: settings.seconds("WAYBILL_RETRY_CEILING", default: .seconds(14_400), in: 1...86_400),
                lifetime: settings.seconds("WAYBILL_RETRY_LIFETIME", default: .seconds(259_200), in: 1...2_592_000)),
            claimGrace: settings.seconds("WAYBILL_CLAIM_GRACE", default: .seconds(900), in: 1...86_400),
            claimLimit: settings.seconds("WAYBILL_CLAIM_LIMIT", default: .seconds(21_600), in: 1...604_800),
            destinations: Self.limits("WAYBILL_DESTINATION_LIMITS", such: "gmail.com googlemail.com=20,600/min; *=50", &settings) {
                do { return try EmailAddress("postmaster@" + $0).asciiDomain } catch { return nil }
            },
            organizations: Self.limits("WAYBILL_ORGANIZATION_LIMITS", such: "acme=100,50/s; *=50", &settings) {
                HeaderText.isLabel($0, upTo: 64) ? $0 : nil
            })
        ticketAge = settings.seconds("WAYBILL_TICKET_AGE", default: .seconds(30), in: 1...86_400)
        common = try CommonSettings(of: "scheduler", &settings)
    }

    private static func limits(
        _ key: String, such example: String, _ settings: inout Settings, read: (String) -> String?
    ) -> LimitTable {
        guard let text = settings.stringIfPresent(key) else { return LimitTable() }
        do {
            return try LimitTable(text, read: read)
        } catch {
            settings.complain("\(key) cannot be read: \(error). It has the form \(example)")
            return LimitTable()
        }
    }
}
