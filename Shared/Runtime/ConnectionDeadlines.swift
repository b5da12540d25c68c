import NIOCore

/// Closes a connection whose client draws out a request's body or does not read its answers.
///
/// Stands behind the HTTP decoder and looks at the passing of parts alone, not at what they are.
final class ConnectionDeadlines: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = Any
    typealias InboundOut = Any
    typealias OutboundIn = Any
    typealias OutboundOut = Any

    private let request: TimeAmount
    private let stall: TimeAmount
    private var requestDeadline: Scheduled<Void>?
    private var stallDeadline: Scheduled<Void>?

    init(_ limits: WebLimits) {
        request = TimeAmount(limits.request)
        stall = TimeAmount(limits.stall)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if requestDeadline == nil { requestDeadline = close(context, in: request) }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        requestDeadline?.cancel()
        requestDeadline = nil
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stallDeadline?.cancel()
        stallDeadline = context.channel.isWritable ? nil : close(context, in: stall)
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancel() }

    private func close(_ context: ChannelHandlerContext, in time: TimeAmount) -> Scheduled<Void> {
        let channel = context.channel
        return context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }

    private func cancel() {
        requestDeadline?.cancel()
        requestDeadline = nil
        stallDeadline?.cancel()
        stallDeadline = nil
    }
}

@available(*, unavailable)
extension ConnectionDeadlines: Sendable {}
