extension DemoConversations {
    /// What the studio works on. The format is described at `DemoScript`.
    static let work = #"""
        = The garden house: which side gets the windows?
        @ Projects/Garden house
        ~ greta > alice; carol | 19d 08:12
        Good morning Alice,

        we walked through the garden with your sketch yesterday evening and tried to imagine the house standing there. Per loves the big window to the west. I keep thinking of the winter, when the sun hardly gets above the hedge, and would rather have it to the south.

        Is there a version in which we do not have to argue?

        Greta
        ~ alice > greta; carol | 19d 09:40 | garden-house-section.png
        Dear Greta,

        there is, and it is the nicer house. If we turn the ridge by a quarter, the long side looks south and the gable still catches the evening. You get one window seat for the winter and one for the sunsets, and nobody has to win.

        I have drawn it roughly; the section is attached. The pear tree stays.

        Alice
        ~ greta > alice; carol | 18d 19:02
        Oh, that is lovely. Per says he was about to suggest exactly this.

        What does the turn do to the price?
        ~ alice > bob; carol | 18d 20:15
        Bob, can you have a look at the beams for the turned ridge? I think we save one post and need a thicker purlin, but you will know.
        ~ bob > alice; carol | 17d 10:33 | purlin-check.pdf, quantities.csv
        You think right. One post less, the purlin goes from 140 to 180 mm, and the foundation gets simpler because both walls now stand on the old terrace slab. Overall about 600 cheaper, timber at last week's price.

        Calculation and quantities attached. Please do not tell them 600 before I have seen the slab with my own eyes.
        ~ carol > greta; alice | 16d 09:05
        Dear Greta, dear Per,

        Bob has done the sums: the turned version will not cost more than the first one, and probably a little less. He would like to see the terrace slab before he promises anything. Would Thursday at four suit you?

        Warm regards
        Carol
        ~ greta > carol; alice | 16d 12:41
        Thursday at four is perfect. There will be cake, the slab is under the cake.
        ~ bob > alice; carol, greta | 13d 18:20 | slab.png | html
        Seen, knocked on, approved. The slab is **18 cm of good concrete** and level to within a finger's width. We can build on it as it is.

        - no new foundation on the house side
        - two small pads at the south corner, dug by hand so that the pear's roots stay whole
        - drainage: the old gully works, it only needs a new grating

        The cake was also load-bearing.
        ~ greta > alice; bob, carol | 2d 07:55
        Good morning all three,

        the permit came in the post today, stamped and without a single remark! When can we begin? Per has already sharpened the spade.

        Greta
        ~ carol > greta; alice, bob | 2d 09:30 | permit-checklist.txt
        What good news for a Monday! I have put together what has to happen between permit and spade. If the timber comes when it should, we start in the second week of next month.
        ~ greta > carol; alice, bob | 3h | | unread
        Two questions from the breakfast table:

        1. May the neighbours' cat keep her path along the hedge? She has used it for nine years.
        2. Could the window seat be five centimetres deeper? Per has long legs.

        Greta

        = Courtyard in Harbour Street: planting plan, second round
        @ Projects/Harbour Street
        ~ alice > omar; bob | 41d 11:20 | planting-plan.pdf
        Dear Omar,

        here is the second round. The long bed is now herbs and low grasses, the three birches moved to the north wall so that the kitchen keeps its light. What I need from you is the stone: the path wants about 38 square metres, warm grey, not too smooth when it rains.

        Alice
        ~ omar > alice; bob | 40d 15:47
        Dear Alice,

        for this courtyard I would take the sandstone from the upper quarry. It is the grey of a pigeon's back, and it grips in the rain. 40 square metres are lying in the yard, cut for a client who changed his mind. You can have them for a friend's price if you take them all.

        Come and see them wet and dry.

        Omar
        ~ bob > omar; alice | 39d 09:11
        How thick are they? For the part in front of the gate I need 6 cm at least, the fire brigade may want to drive there.
        ~ omar > bob; alice | 39d 10:02
        Between 6 and 8, I do not sell biscuits.
        ~ alice > omar; bob | 38d 17:30
        Seen them, dry and wet. We take all of them. Thank you for the tea, and for the story about the bishop's staircase.
        ~ omar > alice; bob | 22d 08:00 | delivery-note.pdf
        The stones leave today with the small lorry. Please have two strong people there at eleven. The delivery note is attached, the friend's price is on it.
        ~ bob > omar; alice | 22d 13:35 | stones.png
        All here, none broken. Two strong people are now two tired people.
        ~ omar > alice | 4d 16:20
        Alice, the picture of the finished path is hanging in our office now. My father, who does not praise, said "hm" in a friendly way.

        = Monday round
        @ Team
        ~ carol > team | 28d 07:58
        Good morning! What is on everybody's table this week, in three lines or fewer?

        Mine: Lindqvist's permit goes in on Wednesday. The bakery wants a new date. I am looking for somebody who can water the model on Friday.
        ~ bob > team | 28d 08:20
        1. Statics for the boathouse roof, which is the shape of a boathouse roof and therefore no known shape.
        2. Site visit in Harbour Street.
        3. I can water the model.
        ~ alice > team | 28d 08:44
        Planting lists, planting lists, and on Thursday the school garden with thirty eight-year-olds who all want to plant the same sunflower.
        ~ admin > team | 28d 09:01
        The new mail server is running, and you are reading this with it. If something looks strange, tell me; if it looks good, tell the others.

        = Monday round
        @ Team
        ~ carol > team | 7d 07:59
        Good morning! Three lines, please.

        Mine: Lindqvist waits for the stamp. The bakery's opening is on the 14th and we are all invited. The insurance wants numbers from Ada.
        ~ alice > team | 7d 08:31
        Harbour Street gets its last birch today. Then two quiet days for the competition, door closed, please knock with coffee.
        ~ bob > team | 7d 08:52
        Boathouse: the roof stands up in the computer. The computer has never been in a storm, so I am also asking Kaito.
        ~ admin > team | 7d 09:15
        Numbers are with the insurance. Backup test on Wednesday afternoon: I will delete something on purpose and bring it back. Do not be alarmed, or be alarmed quietly.

        = Monday round
        @ Team
        ~ carol > team | 6h
        Good morning! The permit for the garden house is here, so this will be a busy week. Three lines?
        ~ bob > team | 5h | | unread
        Ordering timber before somebody else does. Window seat: five centimetres are fine, I asked the wall. Dentist on Wednesday, back after lunch with half a smile.
        ~ alice > team | 4h | | unread
        Competition boards go to the printer tomorrow at noon. Until then I am a person made of paper. After that: cat path.

        = Competition: the old tram depot
        @ Projects/Tram depot
        ~ alice > bob; carol | 26d 21:14
        I have read the brief twice now. They want a market hall, a park and three hundred bicycles, and they want the tram tracks to stay readable. I know we said no competitions this year.

        But look at those roofs.
        ~ bob > alice; carol | 26d 21:31
        We did say that. I have looked at those roofs. When is it due?
        ~ carol > alice; bob | 26d 22:05
        I leave you alone for one evening.

        Due in 27 days. If we do it, we do it with a plan: no nights, one free day a week, and Kaito for the models. I will write the schedule.
        ~ alice > carol; bob | 25d 08:10 | depot-sketch.png
        No nights. First sketch from the tram this morning, which felt right.
        ~ kaito > alice; bob | 20d 16:42 | model-photo.png
        Hello you two,

        the working model at 1:200 is done. I left the middle bay open so that you can put in the park by hand. The tracks are brass wire; it was a pleasure.

        Kaito
        ~ bob > kaito; alice | 20d 17:20
        The brass! I have been carrying the model around the office for half an hour and nobody got any work done.
        ~ carol > alice; bob, kaito | 9d 09:45 | schedule.csv
        Nine days left. Where we are:

        - plans: 1:500 done, 1:200 until Thursday
        - text: 1,900 of 3,000 characters, and they are good ones
        - boards: layout stands, printer is booked for tomorrow week, noon
        - nights: none so far, I am watching
        ~ alice > bob; carol, kaito | 1d 18:05 | board-1.png, board-2.png | html
        The boards as they go to the printer, if nobody objects until ten tomorrow.

        Look at *board 2* in particular: the park now runs through the middle bay and **the tracks become the benches**. I think that is the idea we had been looking for since the first evening.
        ~ bob > alice; carol, kaito | 1d 19:22 | | star
        No objections. It is the best thing we have drawn. On board 1 there is a staircase with 17 risers on the plan and 18 in the section, take the 18.
        ~ kaito > alice; bob, carol | 2h | | unread
        I saw the boards. I would like to live in board 2, near the bench with the dog.

        = Invoice 2041, and a question about the retention
        @ Accounts
        ~ carol > billing.harbour | 33d 10:00 | invoice-2041.pdf
        Dear Ms Okafor,

        please find attached our invoice for phase 3 of the courtyard in Harbour Street. Payment within 30 days, the account has not changed.

        Kind regards
        Carol Reyes
        ~ billing.harbour > carol; admin | 31d 14:22
        Dear Ms Reyes,

        thank you, the invoice is in order. The contract provides for a retention of 5 % until the plants have come through their first winter. Could you send a corrected one, or shall we simply pay 95 %?

        Best
        Ngozi Okafor
        ~ carol > billing.harbour; admin | 31d 15:03
        Dear Ms Okafor,

        please simply pay 95 %, and we shall both look after the plants.

        Carol Reyes
        ~ billing.harbour > carol; admin | 5d 11:48
        Paid today. The rosemary under our window is thriving, for the record.

        = Boathouse roof: wind from the lake
        @ Projects/Boathouse
        ~ bob > kaito | 24d 14:10 | roof-loads.csv
        Kaito, you have built more curved roofs than I have walked under. The table has my loads for wind from the lake, the worst is case 7 with the doors open. Does the edge at the north corner look right to you?
        ~ kaito > bob | 23d 22:47
        Case 7 is right, but you have forgotten case 8: doors open *and* the boat not there. Then the wind has nobody to talk to and lifts the roof out of boredom.

        Tie the north edge down at every second rib.
        ~ bob > kaito; alice | 23d 23:05
        Out of boredom! It does. 4.1 kN more than case 7. I owe you a dinner and the client owes you a roof.
        ~ alice > bob; kaito | 22d 07:30
        May I put "lifts the roof out of boredom" into the report?
        ~ bob > alice; kaito | 22d 07:41
        In the appendix.

        = School garden on Thursday
        ~ linnea > alice | 12d 13:15
        Dear Alice,

        the children have voted. The first bed is to have sunflowers, the second sunflowers, and the third "something that is not sunflowers but nearly". I thought you should be warned.

        See you on Thursday at ten. We have 31 spades and 29 children, which I consider a good ratio.

        Linnéa Ekström
        Class 3b
        ~ alice > linnea | 12d 15:40
        Dear Linnéa,

        Jerusalem artichokes! They are a sunflower's cousin, you can eat their feet, and they will never leave you again.

        I shall bring compost, string, labels and plasters.

        Alice
        ~ linnea > alice | 8d 16:02 | thank-you.png | star
        The whole class has painted you a picture. The person with the green hair is you.
        ~ alice > linnea | 8d 18:30
        It hangs above my desk now, and I am considering the hair.

        = Letter of recommendation for Mira
        ~ mira > alice | 47d 19:20
        Dear Alice,

        I am applying for the master's programme in Copenhagen and would be grateful for a few lines from you about my months in the studio. They want to hear about "work that shows judgement", and I thought of the hedge.

        Best wishes
        Mira
        ~ alice > mira | 45d 12:00 | recommendation.pdf
        Dear Mira,

        with the greatest pleasure. The hedge is in it. You were right about it, and I was not, and I have written that down with my signature under it.

        Alice
        ~ mira > alice; bob | 6d 17:55 | | html
        **I got in!!** Copenhagen, from September. Thank you, both of you, and please greet the hedge.
        ~ bob > mira; alice | 6d 18:20
        Congratulations! The hedge is not surprised, and neither are we.

        = New laptops: please choose by Friday
        @ Team
        ~ admin > alice, bob, carol | 15d 10:05 | laptops.csv
        Dear all,

        three of our machines are older than the youngest intern. The table has four that I would trust; take the one whose keyboard you like and tell me by Friday. The old ones go to the school once I have wiped them.

        Ada
        ~ bob > admin | 15d 11:30
        The second one. It has the key where the key should be.
        ~ carol > admin | 14d 09:12
        The lightest, please. I carry mine more than I type on it.
        ~ alice > admin | 11d 16:58
        Sorry, it is Friday. The one with the good screen, so that green is green.
        ~ admin > alice, bob, carol | 10d 08:40
        Ordered. They come the week after next. Thank you for three clear answers.

        = Office lease: the landlord's proposal
        @ Office
        ~ landlord > admin | 36d 09:30 | lease-draft.pdf
        Dear Ms Minten,

        the lease of your rooms ends next spring. We should like to go on with you and propose five years at the present rent plus 3 %. The draft is attached.

        Sincerely
        H. Brandt
        ~ admin > carol, alice, bob | 36d 11:15
        The landlord offers five years at plus 3 %. I think that is fair, but I would ask for the courtyard door and the bicycle shed in return. Opinions?
        ~ alice > admin; carol, bob | 36d 11:42
        The courtyard door, please! I have wanted to put a bench there for six years.
        ~ bob > admin; carol, alice | 36d 12:03
        Shed. My bicycle has opinions about rain.
        ~ admin > landlord | 34d 10:20
        Dear Mr Brandt,

        thank you for the draft. We gladly stay. For the 3 % we would ask for two small things: that we may use the door to the courtyard, and half of the old bicycle shed.

        Ada Minten
        ~ landlord > admin | 30d 15:00
        Dear Ms Minten,

        both granted. The key for the courtyard hangs at the porter's. Nobody knows where the key for the shed is; you are welcome to change the lock.

        H. Brandt
        ~ admin > carol, alice, bob | 30d 15:12 | | star
        Door AND shed. Alice, buy a bench. Bob, buy a lock.
        """#
}
