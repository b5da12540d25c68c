import Support
import Testing

@Suite("The tests' own RabbitMQ")
struct RabbitMQNodeTests {
    @Test("makes virtual hosts with names of their own")
    func virtualHosts() async throws {
        let node = try await RabbitMQNode.shared
        let one = try await node.makeVirtualHost()
        let other = try await node.makeVirtualHost()
        #expect(one != other)
    }
}
