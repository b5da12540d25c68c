import ArgumentParser

@main
struct Main: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmarks",
        abstract: "Measures Waybill on this machine. Each command prints one JSON object.",
        subcommands: [
            PipelineBenchmark.self, ScalingBenchmark.self, MemoryBenchmark.self, BrokerBenchmark.self, SinkCommand.self,
        ])
}
