import Mail

/// The tracking URLs of one delivery.
struct TrackingLinks {
    let publicURL: String
    let keys: TrackingKeys
    let organization: String
    let delivery: DeliveryID

    /// The image that tells of an opening.
    var pixel: String? { url("o", .open) }

    /// Where the recipient's mail program asks that no more such mail be sent.
    var unsubscribe: String? { url("u", .unsubscribe) }

    /// The way to `target` past the tracker, or `nil` where it cannot be tracked.
    func click(_ link: Int, _ target: String) -> String? { url("c", .click(link: link, target: target)) }

    /// `html` with its links and, where asked for, the image.
    func rewrite(_ html: [UInt8], track: Tracking) -> LinkRewriter.Rewritten {
        LinkRewriter(publicURL: publicURL)
            .rewrite(html, pixel: track.opens ? pixel : nil, tracked: { track.clicks ? click($0, $1) : nil })
    }

    private func url(_ path: String, _ purpose: TrackingToken.Purpose) -> String? {
        keys.sign(TrackingToken(organization: organization, delivery: delivery, purpose: purpose)).map {
            "\(publicURL)/\(path)/\($0)"
        }
    }
}
