import ArgumentParser
import Logging

@main
struct Main: AsyncParsableCommand {
    func run() async throws {}
}
