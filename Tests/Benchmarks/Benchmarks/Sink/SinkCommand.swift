import ArgumentParser
import Dispatch
import Foundation
import NIOCore
import NIOPosix
import Support

/// The sink as a process of its own, so that its processor time is told apart.
struct SinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sink", abstract: "Takes mail and throws it away; on SIGTERM writes down whose it was.")

    @Option(help: "Where to listen, on 127.0.0.1.")
    var port: Int

    @Option(help: "Where the list goes.")
    var ledger: String

    @Option(help: "Milliseconds before each answer.")
    var delay = 0

    func run() async throws {
        let taken = SinkLedger()
        let delay = TimeAmount.milliseconds(Int64(delay))
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(SinkConnection(ledger: taken, delay: delay))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        signal(SIGTERM, SIG_IGN)
        let asked = DispatchSource.makeSignalSource(signal: SIGTERM)
        await withCheckedContinuation { continuation in
            asked.setEventHandler {
                asked.cancel()
                continuation.resume()
            }
            asked.resume()
        }
        try taken.write(to: ledger)
        try await listener.close()
    }
}
