package import Hummingbird

/// Where a surface hangs up its routes: `func addRoutes(to routes: Routes)` of the surface, called once by the composition root.
///
/// Paths are Hummingbird's: `/jmap/download/{accountId}/{blobId}/{name}`, with `context.pathParameter("name")` decoded. The door
/// has already refused malformed paths, decided who the client is, and will add security headers, gzip and the request
/// id. A method that a path does not have is answered with 405 by the door. Throw `Problem` for errors.
package struct Routes {
    /// Routes that anyone may call, signed in or not.
    package let open: RouterGroup<AppContext>
    private let router: Router<AppContext>
    private let authentication: Authentication

    init(router: Router<AppContext>, authentication: Authentication) {
        self.router = router
        self.authentication = authentication
        self.open = router.group()
    }

    /// Routes that only signed-in people may call; `context.account` is theirs. Others get 401.
    ///
    /// - Parameter basic: whether address and password are taken too; the session cookie always is, for unsafe methods only
    ///   together with the CSRF header and a same-origin `Origin`
    package func signedIn(basic: Bool = false) -> RouterGroup<AppContext> {
        router.group().add(middleware: RequireSignIn(authentication: authentication, takesBasic: basic))
    }
}
