extension DemoConversations {
    /// Talk on mailing lists that some of them read. `@@ name` names the list.
    static let lists = #"""
        = Scarf joint under a valley rafter?
        @@ timber-frames
        ~ list.petra > timber-frames | 43d 08:10
        I am repairing a barn from the 1780s and the plate under the valley is gone for about a metre. Would you scarf it in place, or take the load off and put in a whole new length?
        ~ list.aurel > timber-frames | 43d 09:55
        In place, with an undersquinted scarf and two folding wedges, but well away from the valley. A joint wants to think about one thing at a time.
        ~ list.hamish > timber-frames | 43d 12:31
        Agree with Aurel. And look at the tile above before you cut anything. The rot is the letter, the leak is the sender.
        ~ bob > timber-frames | 42d 19:04
        We did the same on a mill last year. Took the load off with two props and a car jack, scarf of 3.5 times the depth, oak pegs. It has survived one winter and one wedding.
        ~ list.petra > timber-frames | 40d 20:20
        Done as you said. The jack was borrowed from the vicar. Thank you all.

        = Moisture meters that tell the truth
        @@ timber-frames
        ~ list.hamish > timber-frames | 18d 07:25
        My old meter claims that my desk has 31 %. Which one do you trust?
        ~ list.aurel > timber-frames | 18d 10:02
        A saw, an oven and a kitchen scale. All others are opinions.
        ~ list.ida > timber-frames | 17d 14:48
        For those of us whose oven is shared with a cake: pins rather than plates, and always across three places. I carry a piece of known wood in my bag and ask it first.
        ~ list.hamish > timber-frames | 17d 15:10
        "Ask it first" is now written on my workshop wall.

        = Call for talks: autumn meeting
        @@ timber-frames
        ~ list.ida > timber-frames | 5d 09:00
        The autumn meeting has a roof (of course) and a date, the last weekend in October. We look for twenty-minute talks, preferably with something that can be passed around the room. Mistakes are more welcome than successes, since everybody has successes.
        ~ list.petra > timber-frames | 4d 18:33
        I bring the vicar's jack.
        ~ list.aurel > timber-frames | 21h | | unread
        I could speak about the seven scarfs I have regretted, in order of regret.

        = Quince or medlar for a north wall
        @@ garden-history
        ~ list.winifred > garden-history | 38d 10:15
        A plan of 1811 shows "Q. or M." on the north wall of a rectory garden, in a very bad hand. Which would you plant today?
        ~ list.florian > garden-history | 38d 13:20
        Neither likes a north wall, but the medlar complains more quietly. I would take the M.
        ~ alice > garden-history | 37d 08:40
        Could it be "Q." for the espalier form rather than the quince? In our county records "à la quenouille" turns up about then.
        ~ list.winifred > garden-history | 36d 21:05
        Alice, I looked again with a lamp from the side, and I believe you. It is a spindle of pears! The rector would be pleased.

        = Who painted the gates green?
        @@ garden-history
        ~ list.florian > garden-history | 23d 16:30
        Between 1890 and 1910 every second park gate in our town became dark green. There must have been one person, one pot or one committee. Does anybody know of a source?
        ~ list.soledad > garden-history | 22d 07:50
        Committee. In ours it was a donation of railway paint, and nobody dared to refuse.
        ~ list.florian > garden-history | 22d 09:12
        Railway paint! That explains the stations, too.

        = Scans of the nursery catalogues are online
        @@ garden-history
        ~ list.soledad > garden-history | 3d 12:00
        After two winters the 214 nursery catalogues are scanned and may be used freely. My favourite is 1887, which offers "a rose of uncertain temper, for experienced households".
        ~ list.winifred > garden-history | 2d 08:08
        Ordered two, in my mind.
        ~ carol > garden-history | 2d 19:45
        We need that rose for our office door.

        = Greylisting and the big providers, once more
        @@ mail-operators
        ~ list.jorn > mail-operators | 35d 11:40
        Since Tuesday one of the large ones retries from a different /24 each time. My greylist sees eleven strangers who all know the same person. How do you deal with it?
        ~ list.priya > mail-operators | 35d 12:15
        We key on the network's origin instead of the address. A table of five entries has solved nine tenths of it.
        ~ admin > mail-operators | 35d 20:22
        We let known good senders pass by SPF domain and greylist only the rest. The log became very quiet. Almost lonely.
        ~ list.jorn > mail-operators | 34d 08:31
        Quiet logs are what I want for my birthday.

        = Certificates: do you monitor what is on the wire?
        @@ mail-operators
        ~ list.dov > mail-operators | 16d 09:50
        Renewed, on disk, perfect. And the daemon went on serving the old one for 41 days. Do you monitor the file or the wire?
        ~ list.priya > mail-operators | 16d 10:05
        The wire. Always the wire. Files are intentions.
        ~ list.jorn > mail-operators | 16d 13:33
        I have a little job that connects to each port like a stranger would, and complains like a stranger would not.
        ~ admin > mail-operators | 15d 07:58
        Our new server reloads the certificate when the file changes, and I still check the wire, since Priya is right.

        = Farewell to the fax gateway
        @@ mail-operators
        ~ list.dov > mail-operators | 6d 17:30
        Tonight at six I switch off our mail-to-fax gateway. It ran for 24 years. The last fax came in 2019 and was an invitation to buy a fax.
        ~ list.jorn > mail-operators | 6d 18:02
        A moment of carrier tone.
        ~ list.priya > mail-operators | 5d 08:20
        Please keep the configuration file for the museum. I mean it, there is a museum.
        """#
}
