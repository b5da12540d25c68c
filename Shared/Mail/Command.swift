package import Foundation

/// A request to the scheduler, as an AMQP message: its kind is the message's `type` and routing key, its body one JSON object.
/// Sending the same command again changes nothing more.
package enum Command: Hashable, Sendable {
    /// The mailing's id is chosen by whoever submits, so that submitting twice is submitting once.
    case submitMailing(organization: String, mailing: MailingID, Submission)
    case cancelMailing(organization: String, mailing: MailingID, by: String?)
    case cancelDelivery(organization: String, delivery: DeliveryID, by: String?)
    /// Decides about an uncertain delivery: it arrived, or it is to be sent again.
    case resolveDelivery(organization: String, delivery: DeliveryID, delivered: Bool, by: String?)
    /// A person wants no more mass mail of the organization, said at this moment. The wish of the latest moment counts, in whatever
    /// order wishes arrive.
    case unsubscribe(organization: String, ContactReference, at: Timestamp)
    /// The same person wants it again after all.
    case resubscribe(organization: String, ContactReference, at: Timestamp)

    /// Whom a command is about: the recipient of a delivery, for those who know no address, or an address.
    package enum ContactReference: Hashable, Sendable {
        case delivery(DeliveryID)
        case address(EmailAddress)
    }

    /// The kinds of command; the raw value is the AMQP routing key.
    package enum Kind: String, CaseIterable, Sendable {
        case mailingSubmit = "mailing.submit"
        case mailingCancel = "mailing.cancel"
        case deliveryCancel = "delivery.cancel"
        case deliveryResolve = "delivery.resolve"
        case contactUnsubscribe = "contact.unsubscribe"
        case contactResubscribe = "contact.resubscribe"
    }

    package var kind: Kind {
        switch self {
        case .submitMailing: .mailingSubmit
        case .cancelMailing: .mailingCancel
        case .cancelDelivery: .deliveryCancel
        case .resolveDelivery: .deliveryResolve
        case .unsubscribe: .contactUnsubscribe
        case .resubscribe: .contactResubscribe
        }
    }

    package var organization: String {
        switch self {
        case .submitMailing(let organization, _, _), .cancelMailing(let organization, _, _),
            .cancelDelivery(let organization, _, _), .resolveDelivery(let organization, _, _, _),
            .unsubscribe(let organization, _, _), .resubscribe(let organization, _, _):
            organization
        }
    }

    /// The message's body.
    package func encoded() throws -> Data {
        switch self {
        case .submitMailing(let organization, let mailing, let submission):
            try Wire.encode(Submit(organization: organization, mailing: mailing, submission: submission))
        case .cancelMailing(let organization, let mailing, let by):
            try Wire.encode(CancelMailing(organization: organization, mailing: mailing, by: by))
        case .cancelDelivery(let organization, let delivery, let by):
            try Wire.encode(CancelDelivery(organization: organization, delivery: delivery, by: by))
        case .resolveDelivery(let organization, let delivery, let delivered, let by):
            try Wire.encode(Resolve(organization: organization, delivery: delivery, delivered: delivered, by: by))
        case .unsubscribe(let organization, let contact, let at), .resubscribe(let organization, let contact, let at):
            try Wire.encode(Wish(organization: organization, contact: contact, at: at))
        }
    }

    /// Reads a message.
    /// - Parameters:
    ///   - kind: The message's `type`.
    ///   - version: Its header `waybill-version`.
    package init(kind: String, version: Int?, body: Data) throws(Wire.Unreadable) {
        try Wire.check(version: version)
        switch Kind(rawValue: kind) {
        case .mailingSubmit:
            let command = try Wire.decode(Submit.self, from: body)
            self = .submitMailing(organization: command.organization, mailing: command.mailing, command.submission)
        case .mailingCancel:
            let command = try Wire.decode(CancelMailing.self, from: body)
            self = .cancelMailing(organization: command.organization, mailing: command.mailing, by: command.by)
        case .deliveryCancel:
            let command = try Wire.decode(CancelDelivery.self, from: body)
            self = .cancelDelivery(organization: command.organization, delivery: command.delivery, by: command.by)
        case .deliveryResolve:
            let command = try Wire.decode(Resolve.self, from: body)
            self = .resolveDelivery(
                organization: command.organization, delivery: command.delivery, delivered: command.delivered, by: command.by)
        case .contactUnsubscribe:
            let wish = try Wire.decode(Wish.self, from: body)
            self = .unsubscribe(organization: wish.organization, try wish.contact, at: wish.at)
        case .contactResubscribe:
            let wish = try Wire.decode(Wish.self, from: body)
            self = .resubscribe(organization: wish.organization, try wish.contact, at: wish.at)
        case nil:
            throw Wire.Unreadable("There is no command called \(kind.debugDescription).")
        }
    }

    private struct Submit: Codable {
        var organization: String
        var mailing: MailingID
        var submission: Submission
    }

    private struct CancelMailing: Codable {
        var organization: String
        var mailing: MailingID
        var by: String?
    }

    private struct CancelDelivery: Codable {
        var organization: String
        var delivery: DeliveryID
        var by: String?
    }

    private struct Resolve: Codable {
        var organization: String
        var delivery: DeliveryID
        var delivered: Bool
        var by: String?
    }

    /// Names either the delivery or the address.
    private struct Wish: Codable {
        var organization: String
        var delivery: DeliveryID?
        var address: EmailAddress?
        var at: Timestamp

        init(organization: String, contact: ContactReference, at: Timestamp) {
            self.organization = organization
            self.at = at
            switch contact {
            case .delivery(let id): delivery = id
            case .address(let text): address = text
            }
        }

        var contact: ContactReference {
            get throws(Wire.Unreadable) {
                switch (delivery, address) {
                case (let delivery?, nil): .delivery(delivery)
                case (nil, let address?): .address(address)
                case (nil, nil), (_?, _?): throw Wire.Unreadable("A contact is named by either /delivery or /address.")
                }
            }
        }
    }
}
