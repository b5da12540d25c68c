import HTTPTypes
import Runtime

/// The door: paste a token, come in.
enum SignInView {
    /// - Parameters:
    ///   - next: The page of ours to go on to.
    ///   - trouble: Why someone who had a token is not in, in words.
    static func page(next: String, trouble: String?, status: HTTPResponse.Status = .unauthorized) -> ConsolePage {
        let notice: HTML? = trouble.map { "<p class=\"notice failed\" role=\"alert\">\($0)</p>" }
        return ConsolePage(
            title: "Sign in", section: nil,
            content: """
                <div class="door"><p class="mark">\(ConsoleFrame.mark)</p><div class="card"><h1>Sign in</h1>
                <p class="soft">See what became of your emails.</p>\(notice)
                <form method="post" action="\(ConsoleLink.signIn)"><input type="hidden" name="next" value="\(next)">
                <label for="api-token">API token</label>
                <input id="api-token" type="password" name="api-token" required autofocus autocomplete="off" spellcheck="false" maxlength="4096" \
                aria-describedby="about-token">
                <p id="about-token" class="soft small">Paste a token with the scope “read”. Whoever runs Waybill makes one with \
                <code>scheduler token</code>. It stays in a cookie that only this site can read, until you sign out or it expires.</p>
                <button class="main">Sign in</button></form></div></div>
                """,
            status: status)
    }

    /// A path of ours, or the overview for anything that could lead elsewhere.
    static func safe(next: String?) -> String {
        guard let next, next.hasPrefix("/"), !next.hasPrefix("//"), next.utf8.count <= 2000,
            next.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { return ConsoleLink.overview }
        return next
    }
}
