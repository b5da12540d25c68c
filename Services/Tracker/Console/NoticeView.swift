import HTTPTypes
import Runtime

/// A page that only says something: not found, not allowed, gone wrong.
enum NoticeView {
    static let notFound = ConsolePage(
        title: "Not found", section: nil,
        content: """
            <div class="card empty"><h1>There is nothing here</h1><p>The address is wrong, or what it names is not in your organization’s \
            history.</p><p><a href="\(ConsoleLink.emails)">See all emails</a></p></div>
            """,
        status: .notFound)

    static func page(_ title: String, _ detail: String, status: HTTPResponse.Status) -> ConsolePage {
        ConsolePage(
            title: title, section: nil,
            content: """
                <div class="card empty"><h1>\(title)</h1><p>\(detail)</p><p><a href="\(ConsoleLink.overview)">Back to the overview</a></p></div>
                """,
            status: status)
    }
}
