import HummingbirdTesting
import JWTKit
import Testing
