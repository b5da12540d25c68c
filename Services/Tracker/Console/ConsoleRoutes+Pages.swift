import Foundation
import HTTPTypes
import Hummingbird
import Mail
import NIOCore
import Runtime

extension ConsoleRoutes {
    func addPages(to router: Router<WebContext>) {
        router.get("/", use: overview)
        router.get(RouterPath(ConsoleLink.emails), use: emails)
        router.get("/emails.csv", use: report)
        router.get(RouterPath(ConsoleLink.live), use: news)
        router.get("/emails/:mailing", use: email)
        router.get("/emails/:mailing/body", use: letter)
        router.get("/deliveries/:delivery/log.txt", use: log)
        router.get(RouterPath(ConsoleLink.collections), use: collections)
        router.get("/collections/:collection", use: collection)
        router.get(RouterPath(ConsoleLink.reminders), use: reminders)
    }

    private func overview(_ request: Request, context: WebContext) async throws -> Response {
        try await page(request) { visitor in
            let now = time.now()
            let overview = try await history.overview(of: visitor.principal.organization, now: now)
            return ConsoleFrame.response(OverviewView(overview: overview, now: now).render(), for: visitor, to: request)
        }
    }

    /// The list shows the last 90 days unless the query names days of its own.
    private func emails(_ request: Request, context: WebContext) async throws -> Response {
        try await page(request) { visitor in
            let now = time.now()
            let query = SearchQuery(request.query["q"] ?? "")
            var filter = query.filter
            var window: CivilDate?
            if query.after == nil, query.before == nil {
                let first = CivilDate(dayNumber: now.seconds / 86_400 - 89)
                window = first
                filter.after = SearchQuery.midnight(first)
            }
            let cursor = try cursor(of: request)
            let rows = try await history.emails(
                of: visitor.principal.organization, filter: filter, cursor: cursor, limit: EmailListView.rowsPerPage)
            return ConsoleFrame.response(
                EmailListView.page(rows, query: query, window: window, cursor: cursor?.description, now: now), for: visitor,
                to: request)
        }
    }

    /// The same list as a file, and as far back as the history goes.
    private func report(_ request: Request, context: WebContext) async throws -> Response {
        try await page(request) { visitor in
            let query = SearchQuery(request.query["q"] ?? "")
            return EmailReport(history: history, organization: visitor.principal.organization, filter: query.filter).response
        }
    }

    /// Tells open pages that there is news; they fetch themselves anew.
    private func news(_ request: Request, context: WebContext) async throws -> Response {
        try await page(request) { visitor in
            try await FactStream(history: history, live: live, organization: visitor.principal.organization).response(to: request)
        }
    }

    private func email(_ request: Request, context: WebContext) async throws -> Response {
        try await page(request) { visitor in
            let organization = visitor.principal.organization
            guard let id: MailingID = context.id("mailing"),
                let email = try await history.mailing(id, of: organization)
            else { throw HTTPError(.notFound) }
            let parameters = request.query
            let asked = parameters["recipient"].flatMap { DeliveryID($0) }
            let chosen =
                email.deliveries.count == 1 ? email.deliveries.first : email.deliveries.first { $0.id == asked }
            var story: DeliveryTimeline?
            if let chosen { story = try await history.timeline(of: chosen.id, organization: organization) }
            var view = EmailView(
                email: email, story: story,
                letter: try await history.body(of: id, delivery: chosen?.id, organization: organization), visitor: visitor,
                now: time.now())
            view.show = parameters["show"].flatMap { DeliveryState(rawValue: $0) }
            view.page = pageNumber(of: email, asked: parameters["page"].flatMap { Int($0) }, show: view.show, chosen: chosen?.id)
            view.images = parameters["images"] == "1"
            view.asked = parameters["asked"].flatMap { ConsoleLink.Asked(rawValue: $0) }
            return ConsoleFrame.response(view.render(), for: visitor, to: request)
        }
    }

    /// The page of the recipients that was asked for, or the one on which the chosen recipient stands.
    private func pageNumber(of email: EmailDetail, asked: Int?, show: DeliveryState?, chosen: DeliveryID?) -> Int {
        if let asked { return asked }
        let listed = email.deliveries.filter { show == nil || $0.state == show }
        guard let chosen, let index = listed.firstIndex(where: { $0.id == chosen }) else { return 1 }
        return index / EmailView.recipientsPerPage + 1
    }

    private func letter(_ request: Request, context: WebContext) async throws -> Response {
        try await page(request) { visitor in
            let recipient = request.query["recipient"].flatMap { DeliveryID($0) }
            guard let id: MailingID = context.id("mailing"),
                let letter = try await history.body(of: id, delivery: recipient, organization: visitor.principal.organization)
            else { throw HTTPError(.notFound) }
            return LetterView.response(letter, images: request.query["images"] == "1")
        }
    }

    private func log(_ request: Request, context: WebContext) async throws -> Response {
        try await page(request) { visitor in
            guard let id: DeliveryID = context.id("delivery"),
                let log = try await history.log(of: id, organization: visitor.principal.organization)
            else { throw HTTPError(.notFound) }
            return DeliveryLogFile(history: history, log: log).response(
                ConsoleFrame.headers(type: "text/plain; charset=utf-8"), isAttachment: request.query["save"] == "1")
        }
    }

    private func collections(_ request: Request, context: WebContext) async throws -> Response {
        try await page(request) { visitor in
            let cursor = try cursor(of: request)
            let rows = try await history.collections(of: visitor.principal.organization, cursor: cursor)
            return ConsoleFrame.response(
                CollectionListView.page(rows, cursor: cursor?.description, now: time.now()), for: visitor, to: request)
        }
    }

    private func collection(_ request: Request, context: WebContext) async throws -> Response {
        try await page(request) { visitor in
            let (organization, now) = (visitor.principal.organization, time.now())
            guard let id = context.parameters.get("collection")?.removingPercentEncoding, !id.isEmpty else {
                throw HTTPError(.notFound)
            }
            let cursor = try cursor(of: request)
            let emails = try await history.emails(
                of: organization, filter: EmailFilter(collection: id), cursor: cursor, limit: EmailListView.rowsPerPage)
            let reminders = try await history.reminders(
                of: organization, collection: id, from: now - .seconds(400 * 86_400), until: now + .seconds(800 * 86_400))
            guard !emails.items.isEmpty || !reminders.isEmpty || cursor != nil else { throw HTTPError(.notFound) }
            return ConsoleFrame.response(
                CollectionView.page(id, emails: emails, reminders: reminders, cursor: cursor?.description, now: now), for: visitor,
                to: request)
        }
    }

    private func reminders(_ request: Request, context: WebContext) async throws -> Response {
        try await page(request) { visitor in
            let now = time.now()
            let organization = visitor.principal.organization
            // Asked for separately, so that however many lately went out they never crowd out what is to come.
            let past = try await history.reminders(of: organization, from: now - .seconds(30 * 86_400), until: now)
            let coming = try await history.reminders(of: organization, from: now, until: now + .seconds(400 * 86_400))
            return ConsoleFrame.response(ReminderListView.page(past + coming, now: now), for: visitor, to: request)
        }
    }

    private func cursor(of request: Request) throws -> Cursor? {
        guard let text = request.query["cursor"] else { return nil }
        guard let cursor = Cursor(text) else {
            throw Problem(
                .badRequest, "This address is not complete",
                detail: "The place in the list cannot be read. Start again from the newest.")
        }
        return cursor
    }
}

extension WebContext {
    /// A path's parameter as an identifier; `nil` where it is none.
    func id<Subject>(_ name: String) -> ID<Subject>? { parameters.get(name).flatMap { ID($0) } }
}
