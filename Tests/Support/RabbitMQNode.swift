package import Foundation
import Synchronization

/// A RabbitMQ node of the tests' own: its own ports, names and folder, and gone when the test process is, however that ends.
///
/// Orders go to it as Erlang expressions over a loopback socket, because `rabbitmqctl` takes seconds for each.
package final class RabbitMQNode: Sendable {
    /// Where AMQP is served, without and with TLS (certificate for `localhost`).
    package let port: Int
    package let securePort: Int
    /// PEM file of the authority that signed the node's certificate.
    package let authorities: String

    private let folder: URL
    private let controlPort: Int
    private let portMapperPort: Int
    private let distributionPort: Int
    private let supervisor = Mutex<ChildProcess?>(nil)
    private let virtualHosts = Atomic(0)

    /// The node that all tests of this process share, started by whoever asks first.
    package static var shared: RabbitMQNode {
        get async throws { try await sharedStart.value }
    }

    private static let sharedStart = Task { try await RabbitMQNode.start() }

    /// Starts a node and waits until it serves AMQP.
    package static func start() async throws -> RabbitMQNode {
        let node = try RabbitMQNode()
        try await node.start()
        return node
    }

    /// The default virtual host. Tests that publish should use ``makeVirtualHost()``.
    package var url: String { "amqp://guest:guest@127.0.0.1:\(port)/" }

    private init() throws {
        let ports = try Self.freePorts(5)
        (port, securePort, controlPort, portMapperPort, distributionPort) = (ports[0], ports[1], ports[2], ports[3], ports[4])
        folder = FileManager.default.temporaryDirectory.appending(
            path: "waybill-rabbitmq-\(ProcessInfo.processInfo.processIdentifier)-\(port)")
        authorities = folder.appending(path: "ca.pem").path
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Self.makeCertificates(in: folder)
        try configuration.write(to: folder.appending(path: "rabbitmq.conf"), atomically: true, encoding: .utf8)
        try control.write(to: folder.appending(path: "control.erl"), atomically: true, encoding: .utf8)
        try "[].".write(to: folder.appending(path: "enabled_plugins"), atomically: true, encoding: .utf8)
        try Self.script.write(to: folder.appending(path: "supervise"), atomically: true, encoding: .utf8)
    }

    // MARK: - Life

    /// Starts the node again after ``kill()`` or ``stop()`` and waits until it serves AMQP.
    package func start() async throws {
        let process = try ChildProcess(
            "/bin/sh", [folder.appending(path: "supervise").path, String(ProcessInfo.processInfo.processIdentifier)],
            environment: environment)
        supervisor.withLock { $0 = process }
        try await eventually(within: .seconds(120), "RabbitMQ serves AMQP; its log is in \(folder.path)") {
            guard process.isRunning else { throw Trouble("RabbitMQ ended while starting; see \(self.folder.path)/log") }
            return await self.obeys()
        }
    }

    /// Stops the node as an operator would, keeping its data.
    package func stop() async throws {
        _ = try await evaluate("init:stop()")
        try await ended()
    }

    package func restart() async throws {
        try await stop()
        try await start()
    }

    /// Ends the node at once with SIGKILL, keeping what was on disk.
    package func kill() async throws {
        try signal(SIGKILL)
        try await ended()
    }

    /// Freezes the node: its sockets stay open and nothing answers.
    package func pause() throws { try signal(SIGSTOP) }
    package func resume() throws { try signal(SIGCONT) }

    /// The process id of the Erlang machine; `nil` while there is none.
    package var processID: pid_t? {
        get throws {
            let text = try String(contentsOf: folder.appending(path: "pid"), encoding: .utf8)
            return pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    private func signal(_ number: Int32) throws {
        guard let pid = try processID, Glibc.kill(pid, number) == 0 else {
            throw Trouble("RabbitMQ has no process to signal.")
        }
    }

    private func ended() async throws {
        try await eventually(within: .seconds(60), "RabbitMQ has ended") {
            self.supervisor.withLock { $0?.isRunning != true }
        }
    }

    // MARK: - Orders

    /// A virtual host of its own for one test.
    /// - Returns: The AMQP URL.
    package func makeVirtualHost() async throws -> String {
        let name = "test-\(virtualHosts.add(1, ordering: .relaxed).newValue)"
        _ = try await evaluate(
            """
            ok = rabbit_vhost:add(<<"\(name)">>, <<"test">>),
            ok = rabbit_auth_backend_internal:set_permissions(
                <<"guest">>, <<"\(name)">>, <<".*">>, <<".*">>, <<".*">>, <<"test">>)
            """)
        return "amqp://guest:guest@127.0.0.1:\(port)/\(name)"
    }

    /// Raises or clears the alarm that makes the node stop taking messages.
    package func setMemoryAlarm(on: Bool) async throws {
        let alarm = "{resource_limit, memory, node()}"
        _ = try await evaluate(on ? "rabbit_alarm:set_alarm({\(alarm), []})" : "rabbit_alarm:clear_alarm(\(alarm))")
    }

    /// - Parameter url: As ``makeVirtualHost()`` gave it.
    package func deleteQueue(_ name: String, at url: String) async throws {
        _ = try await evaluate(
            "{ok, Queue} = rabbit_amqqueue:lookup(\(resource(name, at: url))), rabbit_amqqueue:delete(Queue, false, false, <<\"test\">>)"
        )
    }

    /// The messages in a queue: ready, and delivered but not settled.
    package func depth(of queue: String, at url: String) async throws -> (ready: Int, unsettled: Int) {
        let answer = try await evaluate(
            """
            {ok, Queue} = rabbit_amqqueue:lookup(\(resource(queue, at: url))),
            case amqqueue:get_type(Queue) of
                rabbit_quorum_queue ->
                    % Asked of the leader: the queue's own figures are seconds old.
                    Ask = fun(Query) -> {ok, {_, Answer}, _} = ra:leader_query(amqqueue:get_pid(Queue), Query), Answer end,
                    [Ask(fun rabbit_fifo:query_messages_ready/1), Ask(fun rabbit_fifo:query_messages_checked_out/1)];
                _ ->
                    [{_, Ready}, {_, Unsettled}] = rabbit_amqqueue:info(Queue, [messages_ready, messages_unacknowledged]),
                    [Ready, Unsettled]
            end
            """)
        let numbers = answer.split { !$0.isNumber }.compactMap { Int($0) }
        guard numbers.count == 2 else { throw Trouble("RabbitMQ answered \(answer)") }
        return (numbers[0], numbers[1])
    }

    /// Closes every client's connection, with a reason.
    package func closeConnections() async throws {
        _ = try await evaluate(
            #"[rabbit_networking:close_connection(Pid, "closed by a test") || Pid <- rabbit_networking:connections()], ok"#)
    }

    private func resource(_ queue: String, at url: String) -> String {
        let host = url.split(separator: "/", omittingEmptySubsequences: false).dropFirst(3).last.map(String.init) ?? ""
        return "rabbit_misc:r(<<\"\(host.isEmpty ? "/" : host)\">>, queue, <<\"\(queue)\">>)"
    }

    /// Evaluates Erlang expressions in the node.
    /// - Returns: The value as Erlang prints it.
    package func evaluate(_ expressions: String) async throws -> String {
        let port = controlPort
        return try await onThread {
            let socket = try LoopbackSocket(port: port)
            try socket.send(Data(expressions.utf8))
            socket.finishSending()
            let answer = String(decoding: try socket.receiveAll(), as: UTF8.self)
            guard answer.hasPrefix("ok ") else { throw Trouble("RabbitMQ could not do that: \(answer)") }
            return String(answer.dropFirst(3))
        }
    }

    /// Orders are taken only once the node has booted, so this says that it serves AMQP too.
    private func obeys() async -> Bool {
        do {
            return try await evaluate("rabbit:is_running()") == "true"
        } catch {
            return false
        }
    }

    // MARK: - Files

    private var environment: [String: String] {
        func path(_ name: String) -> String { folder.appending(path: name).path }
        return [
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
            "HOME": folder.path, "LANG": "C.UTF-8", "FOLDER": folder.path, "PORT_MAPPER_PORT": String(portMapperPort),
            "ERL_EPMD_PORT": String(portMapperPort), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "waybill-\(port)@localhost", "RABBITMQ_DIST_PORT": String(distributionPort),
            "RABBITMQ_MNESIA_BASE": path("data"), "RABBITMQ_LOG_BASE": path("log"), "RABBITMQ_LOGS": path("log/node.log"),
            "RABBITMQ_PID_FILE": path("pid"), "RABBITMQ_CONFIG_FILE": path("rabbitmq"), "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": path("enabled_plugins"), "RABBITMQ_GENERATED_CONFIG_DIR": path("generated"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 -eval file:eval(\"\(path("control.erl"))\")",
        ]
    }

    private var configuration: String {
        """
        listeners.tcp.1 = 127.0.0.1:\(port)
        listeners.ssl.1 = 127.0.0.1:\(securePort)
        ssl_options.cacertfile = \(folder.path)/ca.pem
        ssl_options.certfile = \(folder.path)/server.pem
        ssl_options.keyfile = \(folder.path)/server.key
        disk_free_limit.absolute = 10MB
        log.file.level = warning
        """ + "\n"
    }

    /// Answers each connection's expressions with their value.
    private var control: String {
        """
        spawn(fun() ->
            {ok, Listener} = gen_tcp:listen(\(controlPort), [binary, {ip, {127,0,0,1}}, {active, false}, {reuseaddr, true},
                {exit_on_close, false}, {backlog, 64}]),
            Read = fun Read(Socket, Got) ->
                case gen_tcp:recv(Socket, 0) of {ok, More} -> Read(Socket, <<Got/binary, More/binary>>); {error, _} -> Got end
            end,
            Accept = fun Accept() ->
                {ok, Socket} = gen_tcp:accept(Listener),
                Text = Read(Socket, <<>>),
                Answer = try
                    {ok, Tokens, _} = erl_scan:string(binary_to_list(Text) ++ "."),
                    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
                    {value, Value, _} = erl_eval:exprs(Expressions, []),
                    io_lib:format("ok ~0p", [Value])
                catch Class:Reason -> io_lib:format("error ~0p", [{Class, Reason}]) end,
                gen_tcp:send(Socket, Answer),
                gen_tcp:close(Socket),
                Accept()
            end,
            Accept()
        end).

        """
    }

    /// Runs the node until it ends or the watched process does, and leaves nothing behind.
    private static let script = """
        watched=$1
        mkdir -p "$FOLDER/log"
        epmd -port "$PORT_MAPPER_PORT" -address 127.0.0.1 &
        mapper=$!
        setsid /usr/lib/rabbitmq/bin/rabbitmq-server >"$FOLDER/log/output" 2>&1 &
        node=$!
        while kill -0 "$node" 2>/dev/null; do
            if ! kill -0 "$watched" 2>/dev/null; then
                kill -s KILL -- "-$node"
                kill "$mapper"
                wait
                rm -rf "$FOLDER"
                exit
            fi
            sleep 0.2
        done
        kill -s KILL -- "-$node" 2>/dev/null
        kill "$mapper"
        wait

        """

    private static func freePorts(_ count: Int) throws -> [Int] {
        var ports: Set<Int> = []
        while ports.count < count { ports.insert(try Ports.free()) }
        return Array(ports)
    }

    private static func makeCertificates(in folder: URL) throws {
        func key(_ name: String) -> [String] {
            [
                "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-keyout", "\(folder.path)/\(name).key", "-out", "\(folder.path)/\(name).pem",
            ]
        }
        let commands = [
            ["req", "-x509", "-subj", "/CN=Waybill test authority"] + key("ca"),
            [
                "req", "-x509", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                "-addext", "basicConstraints=critical,CA:FALSE", "-CA", "\(folder.path)/ca.pem", "-CAkey", "\(folder.path)/ca.key",
            ] + key("server"),
        ]
        for arguments in commands { try ChildProcess.run("/usr/bin/openssl", arguments) }
    }
}
