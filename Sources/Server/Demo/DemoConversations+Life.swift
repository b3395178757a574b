extension DemoConversations {
    /// What the four of them write about after work.
    static let life = #"""
        = Sunday lunch
        @ Family
        ~ mum > alice | 9d 18:44
        Darling,

        will you come on Sunday? Your father has caught a pike and is talking about it as if it had been a whale. I am making the potato thing.

        Bring a jumper, he wants to eat outside.

        Mum
        ~ alice > mum | 9d 19:30
        I come for the potato thing and will listen to the whale. Shall I bring the plum cake?
        ~ mum > alice | 9d 19:34
        Yes. And the jumper.
        ~ mum > alice | 1d 20:15 | pike.png | star
        The picture you asked for. It looks smaller than it was, says your father. It looks exactly as large as it was, say I.

        = Photos from the lake
        @ Family
        ~ finn > bob | 34d 21:10 | lake-morning.png, lake-evening.png
        Here are the two good ones. On the others somebody's thumb explores the landscape, and it is not my thumb.

        Next year two weeks, and the good tent.

        Finn
        ~ bob > finn | 33d 07:45
        The morning one is wonderful. I have made it the background of everything.

        Good tent: agreed. It was my thumb.
        ~ finn > bob | 3d 20:02
        Speaking of the good tent: it is on sale until Sunday, and it is orange. Do we want orange?
        ~ bob > finn | 3d 20:18
        We want orange. Nobody will lose us again.

        = Choir: spring programme
        @ Choir
        ~ choir > carol, choir.list | 21d 17:00 | programme.pdf
        Dear singers,

        the spring programme is attached. Altos, please look at bar 44 before Tuesday and not on Tuesday. We need four people to carry the stage elements, and somebody with a car and a calm mind.

        Tuesday, half past seven, as always. The heating works again.

        Henrike
        ~ carol > choir | 21d 19:25
        I have a car. The calm mind I can borrow.
        ~ choir > carol | 20d 08:15
        Wonderful. Bar 44, Carol.
        ~ choir > carol, choir.list | 19h | | unread
        Dear singers,

        tonight we rehearse in the small hall, the large one is being varnished. It will be cosy. Tenors by the window, please, you know why.

        Henrike

        = Book club: what next?
        @ Book club
        ~ carol > alice, ines, tomasz | 16d 20:40
        Friends, the lighthouse book is finished (Tomasz: really finished, I heard you skip the ropes). What do we read next? Three proposals:

        1. the one about the beekeeper who learns to drive
        2. short stories from Iceland, very short
        3. the thick one we always say we will read
        ~ tomasz > carol; alice, ines | 16d 21:02
        I read every rope. Number 2, since I would like to finish one honestly.
        ~ ines > carol; alice, tomasz | 15d 07:50
        The beekeeper! The first sentence is "The car had come with the bees", what more does one want?
        ~ alice > carol; ines, tomasz | 15d 12:33
        Bees. And the thick one at Christmas, as always.
        ~ carol > alice, ines, tomasz | 14d 19:00
        Bees it is. We meet on the last Thursday, at my place, there will be honey.

        = Flat swap in August?
        ~ ines > carol | 27d 22:15
        Carol, a mad idea: you want the sea in August, I want a city with a library. My flat has the sea. Yours has the library. Two weeks?
        ~ carol > ines | 26d 07:20
        It is not mad, it is the best letter of the year. Yes! First half of August? You would have to talk to the basil.
        ~ ines > carol | 26d 08:48 | flat-notes.txt
        I talk to everything. Attached is how the boiler wants to be treated.

        = The bicycle
        ~ bob > admin | 11d 12:10
        Ada, somebody has pumped up my tyres and oiled the chain while I was at the site. The shed has a new lock to which only you and I have keys. I am drawing conclusions.
        ~ admin > bob | 11d 12:24
        I have no idea what you mean. It squeaked.
        ~ bob > admin | 11d 12:26
        Thank you.

        = Running on Saturday
        ~ tomasz > bob | 5d 13:05
        The long round on Saturday? Along the canal, over the two bridges and back past the bakery. Nine sharp, which means ten past.
        ~ bob > tomasz | 5d 13:40
        Ten past nine sharp. Back past the bakery or into the bakery?
        ~ tomasz > bob | 5d 13:41
        You always ask the right questions.
        ~ tomasz > bob | 2d 11:30
        My legs send their regards. 14.2 km, two bridges, three buns.

        = Piano for little hands
        ~ ruben > admin | 18d 16:10
        Dear Ada,

        Lotte has now had four lessons, and yesterday she played me the whole song with the left hand alone, because the right one "was tired". I think she will be good.

        May we move to Wednesdays at half past four?

        Ruben
        ~ admin > ruben | 18d 20:05
        Dear Ruben,

        Wednesdays are fine. She now plays the left hand to the cat, who has asked for the melody.

        Ada
        ~ ruben > admin | 4d 17:22 | little-song.pdf
        Here is the new piece, with a right hand that does not get tired. Greetings to the cat.

        = Repair café: your toaster
        ~ cafe > alice | 10d 14:00
        Hello Alice,

        your toaster is alive again. It was a crumb the size of a coin, lying exactly where it must not. Anselm has framed it for you.

        Open on Saturday from two to six. Contribution: what you like, or a cake.
        ~ alice > cafe | 10d 15:12
        Anselm is a hero. I bring the cake on Saturday, toasted if he wishes.

        = Recipe, as promised
        ~ mum > alice, bob | 52d 11:11
        Dear Alice, dear Bob,

        since both of you have asked: for the potato thing take a kilo of waxy potatoes, boiled the day before. Slice them as thin as your patience allows. An onion, slowly. Two apples. Marjoram, more than you think. A glass of cream, a handful of cheese, forty minutes, and do not open the oven to look, it knows what it is doing.

        Ruth
        ~ bob > mum; alice | 50d 20:30 | potato-thing.png
        Dear Ruth,

        it knew what it was doing. The whole staircase came to ask. Thank you!

        Bob
        ~ mum > bob; alice | 50d 21:00
        More marjoram than that, I can see it from here.

        = Can you water the plants next week?
        ~ neighbour > carol | 2d 17:45
        Dear Carol,

        we are away from Saturday to Thursday. Would you look after the balcony? The tomatoes get a can each, the cactus gets sympathy.

        The key is where the key is.

        Sabine from the third floor
        ~ carol > neighbour | 2d 18:10
        With pleasure. May I eat what falls off by itself?
        ~ neighbour > carol | 2d 18:12
        You may also help it fall.

        = Class reunion
        ~ jonas > bob, jonas.list | 14d 19:00
        Hello everybody,

        twenty years! It cannot be, but I have counted on paper. We meet on the second Saturday of next month in the old gym, there is still the climbing rope, and Mr Albers is coming.

        Who brings what? Reply to all, as if we had never learned anything.

        Jonas
        ~ bob > jonas, jonas.list | 14d 20:10
        I bring bread, cheese and an apology to Mr Albers about the window.
        ~ jonas > bob, jonas.list | 13d 08:03
        Mr Albers says that he knows it was you since the same afternoon.

        = Your poem in the magazine
        ~ redaktion > admin | 29d 10:00
        Dear Ms Minten,

        we should like to print "Inventory of a drawer" in our autumn issue. The fee is modest, the paper is good. Please look over the proof and tell us whether the comma in line nine is meant.

        Johanna Weiss
        ~ admin > redaktion | 28d 18:30
        Dear Ms Weiss,

        what a joy. The comma is meant, it is the whole drawer.

        Ada Minten
        ~ redaktion > admin | 9d 12:45 | proof.pdf | star
        Dear Ms Minten,

        then it stays, and everything hangs on it. Here is the final proof.

        Johanna Weiss
        """#
}
