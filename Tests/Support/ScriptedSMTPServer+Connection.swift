import Foundation
import NIOCore
import NIOSSL
import SMTP

/// One connection of a ``ScriptedSMTPServer``, on its event loop.
final class ScriptedSMTPConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Mode {
        case commands
        /// Reading a login's next line, with what came before.
        case login(mechanism: String, lines: [String])
        /// Reading a message. `began` once its first bytes were announced to the script.
        case message(began: Bool)
        case deaf
    }

    private let server: ScriptedSMTPServer
    private var moment = ScriptedSMTPServer.Script.Moment()
    private var mode = Mode.commands
    private var buffer = ByteBuffer()
    /// Where the search for a message's end goes on.
    private var searched = 0
    /// While an answer is on its way, what comes waits.
    private var isBusy = true
    private var hasMail = false
    /// MAIL and RCPT of the message under way.
    private var commands: [String] = []
    private var isSecure = false
    private var user: String?

    init(server: ScriptedSMTPServer, number: Int) {
        self.server = server
        moment.connection = number
        isSecure = server.settings.isImplicitlySecure
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        act(.greeting, context, otherwise: "220 scripted.test ESMTP") { _ in }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .deaf = mode { return }
        var bytes = unwrapInboundIn(data)
        buffer.writeBuffer(&bytes)
        proceed(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: - Reading

    private func proceed(_ context: ChannelHandlerContext) {
        while !isBusy {
            switch mode {
            case .deaf: return
            case .message(let began):
                guard buffer.readableBytes > 0 else { return }
                if !began {
                    mode = .message(began: true)
                    act(.message, context, otherwise: nil) { _ in }
                    continue
                }
                guard let bytes = readMessage() else { return }
                finish(bytes, context)
            case .commands:
                guard let line = readLine() else { return }
                moment.line = line
                obey(line, context)
            case .login(let mechanism, let lines):
                guard let line = readLine() else { return }
                login(mechanism, lines + [line], context)
            }
        }
    }

    private func readLine() -> String? {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = buffer.readString(length: end - buffer.readerIndex + 1) ?? ""
        return line.hasSuffix("\r\n") ? String(line.dropLast(1)) : line
    }

    /// The message, if its end has come: CRLF.CRLF, or a dot at once.
    private func readMessage() -> [UInt8]? {
        let found: Int? = buffer.withUnsafeReadableBytes { bytes in
            if bytes.count >= 3, bytes.prefix(3).elementsEqual(".\r\n".utf8) { return 0 }
            return Self.find("\r\n.\r\n", in: bytes, from: max(0, searched - 4)).map { $0 + 2 }
        }
        searched = buffer.readableBytes
        guard let found, let stuffed = buffer.readBytes(length: found) else { return nil }
        searched = 0
        buffer.moveReaderIndex(forwardBy: 3)
        buffer.discardReadBytes()
        return stuffed.withUnsafeBytes { bytes in
            var plain: [UInt8] = []
            plain.reserveCapacity(bytes.count)
            var from = bytes.first == UInt8(ascii: ".") ? 1 : 0
            while let next = Self.find("\r\n.", in: bytes, from: max(0, from - 2)), next + 3 <= bytes.count {
                if next + 2 >= from { plain += bytes[from..<(next + 2)] }
                from = next + 3
            }
            plain += bytes[from...]
            return plain
        }
    }

    /// Skips from CR to CR, which is fast even where nothing is optimized.
    private static func find(_ wanted: StaticString, in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = text.baseAddress else { return nil }
        var at = start
        while at + wanted.utf8CodeUnitCount <= text.count, let found = memchr(base + at, 13, text.count - at) {
            at = UnsafeRawPointer(found) - base
            guard at + wanted.utf8CodeUnitCount <= text.count else { return nil }
            if memcmp(base + at, wanted.utf8Start, wanted.utf8CodeUnitCount) == 0 { return at }
            at += 1
        }
        return nil
    }

    // MARK: - Commands

    private func obey(_ line: String, _ context: ChannelHandlerContext) {
        let verb = line.prefix { $0 != " " && $0 != ":" }.uppercased()
        switch verb {
        case "EHLO": act(.hello, context, otherwise: Self.lines(250, ["scripted.test"] + announced)) { _ in }
        case "HELO": act(.hello, context, otherwise: "250 scripted.test") { _ in }
        case "STARTTLS":
            act(.startTLS, context, otherwise: server.settings.tls == nil ? "502 5.5.1 No TLS" : "220 2.0.0 Go ahead") { _ in }
        case "AUTH": authenticate(line, context)
        case "MAIL": mail(line, context)
        case "RCPT":
            guard hasMail else { return act(.recipient, context, otherwise: "503 5.5.1 MAIL first") { _ in } }
            moment.recipients.append(Self.path(line))
            commands.append(line)
            act(.recipient, context, otherwise: "250 2.1.5 Ok") { connection in
                if !connection.isAccepted {
                    connection.moment.recipients.removeLast()
                    connection.commands.removeLast()
                }
            }
        case "DATA":
            let isFit = hasMail && !moment.recipients.isEmpty
            act(.data, context, otherwise: isFit ? "354 Go ahead" : "503 5.5.1 No valid recipients") { connection in
                if connection.lastCode == 354 { connection.mode = .message(began: false) }
            }
        case "RSET":
            act(.reset, context, otherwise: "250 2.0.0 Ok") { $0.forget() }
        case "QUIT": act(.quit, context, otherwise: nil, default: .both(.reply("221 2.0.0 Bye"), .drop)) { _ in }
        case "NOOP": act(.idle, context, otherwise: "250 2.0.0 Ok") { _ in }
        default: act(.idle, context, otherwise: "500 5.5.2 What?") { _ in }
        }
    }

    private var announced: [String] {
        let settings = server.settings
        return settings.extensions + (settings.tls != nil && !isSecure ? ["STARTTLS"] : [])
            + (settings.logins.isEmpty ? [] : ["AUTH " + settings.mechanisms.joined(separator: " ")])
    }

    private func mail(_ line: String, _ context: ChannelHandlerContext) {
        guard server.settings.logins.isEmpty || user != nil else {
            return act(.mail, context, otherwise: "530 5.7.0 Log in first") { _ in }
        }
        guard !hasMail else { return act(.mail, context, otherwise: "503 5.5.1 Nested MAIL") { _ in } }
        moment.from = Self.path(line)
        commands = [line]
        act(.mail, context, otherwise: "250 2.1.0 Ok") { $0.hasMail = $0.isAccepted }
    }

    private func authenticate(_ line: String, _ context: ChannelHandlerContext) {
        let words = line.split(separator: " ").map(String.init)
        let mechanism = words.count > 1 ? words[1].uppercased() : ""
        guard words.count > 2 else {
            mode = .login(mechanism: mechanism, lines: [])
            return act(.auth, context, otherwise: mechanism == "LOGIN" ? "334 VXNlcm5hbWU6" : "334 ") { _ in }
        }
        login(mechanism, [words[2]], context)
    }

    private func login(_ mechanism: String, _ lines: [String], _ context: ChannelHandlerContext) {
        let texts = lines.map { Data(base64Encoded: $0).map { String(decoding: $0, as: UTF8.self) } ?? "" }
        let said: (user: String, secret: String)
        switch mechanism {
        case "LOGIN":
            guard texts.count == 2 else {
                mode = .login(mechanism: mechanism, lines: lines)
                return act(.auth, context, otherwise: "334 UGFzc3dvcmQ6") { _ in }
            }
            said = (texts[0], texts[1])
        case "XOAUTH2":
            let fields = texts[0].split(separator: "\u{1}").map(String.init)
            said = fields.count == 2 ? (String(fields[0].dropFirst(5)), String(fields[1].dropFirst(12))) : ("", "")
            if server.settings.logins[said.user] != said.secret, lines.count == 1 {
                mode = .login(mechanism: mechanism, lines: lines)
                return act(.auth, context, otherwise: "334 eyJzdGF0dXMiOiI0MDEifQ==") { _ in }
            }
        default:
            let fields = texts[0].split(separator: "\u{0}", omittingEmptySubsequences: false).map(String.init)
            said = fields.count == 3 ? (fields[1], fields[2]) : ("", "")
        }
        mode = .commands
        let isRight = server.settings.logins[said.user] == said.secret
        act(.auth, context, otherwise: isRight ? "235 2.7.0 Welcome" : "535 5.7.8 Wrong") { connection in
            if connection.isAccepted { connection.user = said.user }
        }
    }

    private func finish(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        let message = ScriptedSMTPServer.Received(
            from: moment.from, recipients: moment.recipients, commands: commands, bytes: bytes, connection: moment.connection,
            isSecure: isSecure,
            user: user)
        mode = .commands
        waiting = message
        act(.dot, context, otherwise: "250 2.0.0 Ok: taken") { $0.forget() }
    }

    /// The message that waits for its answer.
    private var waiting: ScriptedSMTPServer.Received?

    private func forget() {
        hasMail = false
        waiting = nil
        moment.from = ""
        moment.recipients = []
        commands = []
    }

    private static func path(_ line: String) -> String {
        guard let open = line.firstIndex(of: "<"), let close = line[open...].firstIndex(of: ">") else { return "" }
        return String(line[line.index(after: open)..<close])
    }

    private static func lines(_ code: Int, _ texts: [String]) -> String {
        texts.enumerated().map { "\(code)\($0.offset == texts.count - 1 ? " " : "-")\($0.element)" }.joined(separator: "\n")
    }

    // MARK: - Answers

    private var lastCode = 0
    /// What a good server would do now, if anything.
    private var ordinary: ScriptedSMTPServer.Action?
    private var isAccepted: Bool { (200..<300).contains(lastCode) }

    /// Asks the script what to do at a stage, does it after the delay, and goes on.
    private func act(
        _ stage: SMTPStage, _ context: ChannelHandlerContext, otherwise usual: String?,
        default action: ScriptedSMTPServer.Action? = nil, then: @escaping (ScriptedSMTPConnection) -> Void
    ) {
        isBusy = true
        let (scripted, delay) = server.answer(at: stage, &moment)
        ordinary = action ?? usual.map { .reply($0) }
        lastCode = 0
        perform(.after(delay, scripted), context, stage) {
            then($0)
            $0.isBusy = false
            $0.proceed(context)
        }
    }

    private func perform(
        _ action: ScriptedSMTPServer.Action, _ context: ChannelHandlerContext, _ stage: SMTPStage,
        then: @escaping (ScriptedSMTPConnection) -> Void
    ) {
        switch action {
        case .accept:
            guard let usual = ordinary else { return then(self) }
            perform(usual, context, stage, then: then)
        case .reply(let text):
            lastCode = Int(text.prefix(3)) ?? 0
            if stage == .dot, isAccepted { guard keep(context) else { return } }
            let isUpgrade = stage == .startTLS && lastCode == 220
            write(Array(text.replacing("\n", with: "\r\n").utf8) + Array("\r\n".utf8), context)
            if isUpgrade { secure(context) }
            then(self)
        case .raw(let bytes):
            lastCode = Int(String(decoding: bytes.prefix(3), as: UTF8.self)) ?? 0
            write(bytes, context)
            then(self)
        case .drip(let text, let pause): drip(ArraySlice(Array((text + "\r\n").utf8)), pause, context, then: then)
        case .hang:
            mode = .deaf
            // Not even reading: so the sender's buffers fill, too.
            let channel = context.channel
            channel.setOption(.autoRead, value: false).whenFailure { _ in channel.close(promise: nil) }
        case .drop:
            mode = .deaf
            context.close(promise: nil)
        case .reset: reset(context)
        case .both(let first, let second):
            perform(first, context, stage) { $0.perform(second, context, stage, then: then) }
        case .keeping(let next):
            guard keep(context) else { return }
            perform(next, context, stage, then: then)
        case .after(let delay, let next):
            guard delay > .zero else { return perform(next, context, stage, then: then) }
            context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { [weak self] in
                guard let self, context.channel.isActive else { return }
                perform(next, context, stage, then: then)
            }
        }
    }

    /// Writes the ledger. A message that it does not hold gets no 250.
    private func keep(_ context: ChannelHandlerContext) -> Bool {
        guard let message = waiting else { return true }
        do {
            try server.take(message)
            waiting = nil
            return true
        } catch {
            write(Array("451 4.3.0 \(error)\r\n".utf8), context)
            context.close(promise: nil)
            return false
        }
    }

    private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    private func drip(
        _ bytes: ArraySlice<UInt8>, _ pause: Duration, _ context: ChannelHandlerContext,
        then: @escaping (ScriptedSMTPConnection) -> Void
    ) {
        guard let byte = bytes.first, context.channel.isActive else { return then(self) }
        write([byte], context)
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(pause)) { [weak self] in
            self?.drip(bytes.dropFirst(), pause, context, then: then)
        }
    }

    private func reset(_ context: ChannelHandlerContext) {
        mode = .deaf
        guard let socket = context.channel as? any SocketOptionProvider else { return context.close(promise: nil) }
        let channel = context.channel
        // With nothing to linger for, closing sends RST.
        socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
    }

    private func secure(_ context: ChannelHandlerContext) {
        guard let tls = server.settings.tls else { return }
        // What was said in plain text is not to be obeyed under TLS (RFC 3207).
        buffer.clear()
        isSecure = true
        do {
            try context.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls), position: .first)
        } catch {
            context.close(promise: nil)
        }
    }
}
