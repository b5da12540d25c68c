import Foundation
package import Logging
package import ServiceLifecycle
import UnixSignals

/// What every main does: starts logs and figures, reads the settings, runs the services until a signal comes.
///
/// An error thrown at the start ends the process with one sentence and status 1, by way of swift-argument-parser.
/// - Parameters:
///   - service: The program's name in logs.
///   - configuration: What its environment tells it.
///   - assemble: Makes the services, in the order of starting.
package func serve<Configuration: ServiceConfiguration>(
    _ service: String, with configuration: Configuration.Type,
    assemble: (Configuration, Logger) async throws -> [any Service]
) async throws {
    let environment = ProcessInfo.processInfo.environment
    let logger = Telemetry.start(service: service, environment: environment)
    raiseDescriptorLimit()
    tuneMemory()
    var settings = Settings(environment: environment)
    let services = try await assemble(try .asked(of: &settings), logger)
    try await runUntilSignalled(services, logger: logger)
}

/// Runs services until SIGTERM or SIGINT, then stops them in reverse order within a bounded time. A second signal ends at once.
///
/// One service that ends or fails stops all of them; a failure is thrown when the others have stopped.
/// - Parameter limit: After this what still runs is cancelled, and five seconds later the process ends with status 1.
package func runUntilSignalled(_ services: [any Service], within limit: Duration = .seconds(25), logger: Logger) async throws {
    var configuration = ServiceGroupConfiguration(
        services: services.map {
            .init(
                service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                failureTerminationBehavior: .gracefullyShutdownGroup)
        }, logger: logger)
    configuration.maximumGracefulShutdownDuration = limit
    let group = ServiceGroup(configuration: configuration)
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    try await withThrowingTaskGroup { tasks in
        tasks.addTask { try await group.run() }
        tasks.addTask {
            await withTaskGroup { watch in
                var hasAsked = false
                for await signal in signals {
                    if hasAsked { leave("ending at once", logger) }
                    hasAsked = true
                    logger.notice("stopping", metadata: ["signal": "\(signal)"])
                    await group.triggerGracefulShutdown()
                    watch.addTask {
                        do { try await Task.sleep(for: limit + .seconds(5)) } catch { return }
                        leave("not stopped in time, ending", logger)
                    }
                }
            }
        }
        try await tasks.next()
        tasks.cancelAll()
    }
    logger.notice("stopped")
}

private func leave(_ reason: Logger.Message, _ logger: Logger) -> Never {
    logger.error(reason)
    exit(1)
}

/// Keeps the allocator from handing pages back and fetching them again for every batch, and from opening an arena for each thread.
private func tuneMemory() {
    // Swift's view of glibc lacks <malloc.h>.
    guard let found = dlsym(nil, "mallopt") else { return }
    let set = unsafeBitCast(found, to: (@convention(c) (Int32, Int32) -> Int32).self)
    let (mmapThreshold, trimThreshold, mostArenas): (Int32, Int32, Int32) = (-3, -1, -8)
    _ = set(mostArenas, 2)
    _ = set(mmapThreshold, 4 << 20)
    _ = set(trimThreshold, 4 << 20)
}

/// Lets the process open as many files and connections as the system allows it.
private func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, 65_536)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
