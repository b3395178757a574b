internal import Formats

// AUTH: RFC 4954, with PLAIN (RFC 4616) and LOGIN.
extension ServerSession {
    mutating func authenticate(_ mechanism: String, _ initial: [UInt8]?) -> Action {
        guard configuration.mode == .submission else { return fail(.notImplemented) }
        guard case .ready = phase, client.isExtended, client.identity == nil else { return fail(.badSequence) }
        guard hasTLS || configuration.isLoopback else { return fail(.mustStartTLS) }
        switch (mechanism, initial) {
        case ("PLAIN", nil): return challenge("", .plain)
        case ("PLAIN", .some(let response)): return receiveSASL(response == [0x3D] ? [] : response, .plain)
        case ("LOGIN", nil): return challenge("Username:", .loginUser)
        case ("LOGIN", .some(let response)): return receiveSASL(response == [0x3D] ? [] : response, .loginUser)
        default: return fail(.mechanismUnknown)
        }
    }

    mutating func challenge(_ text: String, _ step: SASL) -> Action {
        phase = .passwordExpected(step)
        return .reply(Reply(334, String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self)))
    }

    mutating func receiveSASL(_ line: [UInt8], _ step: SASL) -> Action {
        phase = .ready
        if line == [0x2A] { return fail(.authenticationCancelled) }
        guard let bytes = Base64.decodeStrictly(String(decoding: line, as: UTF8.self)) else { return fail(.authenticationMalformed) }
        switch step {
        case .plain:
            let fields = bytes.split(separator: 0, omittingEmptySubsequences: false)
            guard fields.count == 3, let user = String(validating: fields[1], as: UTF8.self), !user.isEmpty,
                let password = String(validating: fields[2], as: UTF8.self), !password.isEmpty
            else { return fail(.authenticationMalformed) }
            // Acting for another than oneself is nobody's right.
            guard fields[0].isEmpty || fields[0].elementsEqual(fields[1]) else { return refuseAuthentication() }
            return ask(user, password)
        case .loginUser:
            guard let user = String(validating: bytes, as: UTF8.self), !user.isEmpty else {
                return fail(.authenticationMalformed)
            }
            return challenge("Password:", .loginPassword(user: user))
        case .loginPassword(let user):
            guard let password = String(validating: bytes, as: UTF8.self) else { return fail(.authenticationMalformed) }
            return ask(user, password)
        }
    }

    mutating func ask(_ user: String, _ password: String) -> Action {
        phase = .asking(.authentication)
        return .authenticate(username: user, password: password)
    }

    mutating func authenticated(_ identity: String) -> Action {
        phase = .ready
        client.identity = identity
        return .reply(.authenticated)
    }

    mutating func notAuthenticated(_ reply: Reply) -> Action {
        phase = .ready
        guard reply.isPermanent else { return fail(reply) }
        return refuseAuthentication(reply)
    }

    mutating func refuseAuthentication(_ reply: Reply = .authenticationFailed) -> Action {
        authenticationFailures += 1
        guard authenticationFailures < configuration.limits.authenticationFailures else {
            return close(with: .tooManyErrors)
        }
        return fail(reply)
    }
}
