extension DemoConversations {
    /// Letters in other scripts, from right to left too.
    static let world = #"""
        = 庭の写真をありがとうございます
        @ Friends
        ~ yuki > alice, bob | 13d 02:20 | garden-in-rain.png
        アリスさん、ボブさん

        先日は素敵なお庭の写真をありがとうございました。雨に濡れた石の色がとても美しくて、何度も見返しています。

        こちらはもうすぐ梅雨が明けます。父は毎朝、苔に水をやりながら「急がなくていい」と話しかけています。苔のことか、私のことかは分かりません。

        秋にはぜひ遊びにいらしてください。🍁

        中村 由紀
        ~ bob > yuki; alice | 12d 19:45
        由紀さん

        お手紙ありがとう。お父さまは両方に話しかけているのだと思います。
        秋に必ず伺います。11月の初めはいかがでしょうか。

        ボブ
        ~ yuki > bob; alice | 11d 03:15 | | star
        11月の初めは紅葉がいちばんきれいな頃です。楽しみにお待ちしています。駅まで父が迎えに行きます、帽子が目印です。

        由紀

        = مرحباً من حلب: الحجر والضوء
        ~ omar.private > alice | 17d 18:05
        عزيزتي أليس،

        وصلتني صور الممر بعد المطر، وتذكرت فناء بيت جدي: حجر رمادي دافئ، وشجرة ليمون واحدة، وظل يتحرك مع النهار كأنه واحد من أهل البيت.

        إذا أردتِ يوماً أن ترسمي فناءً صغيراً من أجل نفسك فقط، فعندي لك ثلاثة أحجار قديمة لا أبيعها لأحد.

        مع أطيب التحيات،
        عمر حداد
        ~ alice > omar.private | 16d 21:10
        Dear Omar,

        I had it read to me by a friend and then asked her to read it again. One day I shall draw that courtyard, and I already know where the three stones go.

        شكراً جزيلاً
        Alice

        = שבת שלום, ושאלה על עץ התאנה
        ~ noa > carol, alice | 8d 11:30
        קרול ואליס היקרות,

        עץ התאנה שנתתן לנו גדל יפה, אבל השבוע העלים התחילו להצהיב. להשקות יותר או פחות? דני אומר יותר, אמא שלי אומרת פחות, והעץ לא אומר כלום.

        שבת שלום ונשיקות מהילדים,
        נועה
        ~ alice > noa; carol | 7d 09:50
        Dear Noa,

        your mother is right, as mothers of fig trees usually are. Less water, more sun, and cut off nothing before spring.

        שבת שלום!
        Alice
        ~ noa > alice; carol | 20h | fig-tree.png | unread
        אמא שלי מבקשת להדפיס את המייל שלך ולמסגר אותו. 😄 העץ כבר מרגיש יותר טוב, תמונה מצורפת.

        נועה

        = Привет из Петербурга и чертежи веранды
        ~ nadia > bob | 23d 09:15 | veranda.pdf
        Боб, здравствуйте!

        Посылаю чертежи старой веранды, о которой рассказывала. Дом 1904 года, дерево местами мягкое, как сыр, но узор перил цел. Бабушка говорит, что веранда скрипит ровно на одну ноту и менять её нельзя.

        Можно ли усилить балки так, чтобы нота осталась?

        Надежда Волкова
        ~ bob > nadia | 22d 16:00
        Здравствуйте, Надежда!

        Какой прекрасный вопрос. Да: балки усилим снизу стальными полосами, а доски настила не тронем — нота живёт в досках.

        Боб
        ~ nadia > bob | 21d 08:40 | | star
        Бабушка передаёт, что вы первый инженер, который это понял. Она варит вам варенье из крыжовника. 🫙

        = Ελιές και μια πρόσκληση
        ~ eleni > carol | 15d 08:25
        Αγαπητή Κάρολ,

        φέτος οι ελιές είναι λίγες αλλά το λάδι είναι το καλύτερο που έχουμε βγάλει εδώ και χρόνια. Σου στέλνω δύο μπουκάλια με τον ξάδερφό μου, που έρχεται στην πόλη σας την Παρασκευή.

        Και μη ξεχνάς: το σπίτι στο νησί σε περιμένει τον Σεπτέμβριο.

        Με αγάπη,
        Ελένη
        ~ carol > eleni | 15d 19:00
        Dearest Eleni,

        your cousin came, had coffee, mended my kitchen door without being asked, and left two bottles of green light. September: yes, yes, yes.

        Σε φιλώ,
        Carol

        = 关于茶室项目的一点想法
        @ Projects/Tea room
        ~ wang > alice; bob | 25d 04:10 | tea-room.png
        Alice 你好：

        看了你们的茶室方案，我非常喜欢入口处的那段矮墙——人必须放慢脚步，心也就静下来了。只有一个小建议：窗外的竹子可以再少一些，让风有地方走。

        附上我父亲画的一张草图，他今年八十二岁，画得比我好。

        祝好！
        王小明
        ~ alice > wang; bob | 24d 10:30
        Dear Xiaoming,

        please tell your father that his sketch has become the plan. Fewer bamboos, and the wind has its own gate now.

        谢谢！
        Alice
        ~ wang > alice; bob | 22d 03:55
        父亲看到邮件以后一整天都在笑。他说：风要有门，人要有茶。🍵
        ~ wang > alice; bob | 1d 05:12 | | unread
        Alice、Bob：

        木工下个月初开始做门。父亲想知道门槛的高度能不能再低两厘米，这样他端着茶也走得稳。

        小明

        = 안녕하세요, 전시회 초대장입니다
        ~ minjun > admin, carol | 12d 06:30
        에이다 님, 캐럴 님, 안녕하세요.

        다음 달에 열리는 작은 사진전에 두 분을 초대합니다. 주제는 "문 앞의 신발"이고, 여러분 사무실의 장화 사진도 걸려 있습니다. 진흙까지 그대로요.

        편하게 오세요.
        김민준
        ~ carol > minjun; admin | 12d 20:14
        Dear Minjun, our boots are famous! Ada and I will come on the opening night, in clean shoes.

        = สวัสดีจากเชียงใหม่
        ~ malee > bob | 37d 05:40
        สวัสดีค่ะคุณบ๊อบ

        ศาลาริมน้ำที่คุณช่วยคำนวณสร้างเสร็จแล้ว เด็ก ๆ ในหมู่บ้านมานั่งอ่านหนังสือกันทุกเย็น พายุเมื่อสัปดาห์ก่อนแรงมาก แต่ศาลาไม่ขยับเลย

        ขอบคุณมากค่ะ 🙏
        มาลี

        = नमस्ते, बगीचे के बीज पहुँच गए
        ~ asha > alice | 31d 07:20
        प्रिय ऐलिस,

        आपके भेजे हुए बीज पहुँच गए। बच्चों ने हर गमले पर नाम लिख दिया है, और गेंदे का नाम "ऐलिस मौसी" रखा गया है। पहली पत्तियाँ कल निकलीं।

        स्नेह सहित,
        आशा

        = Grüße aus Görlitz: Fenster, Fugen, Flöhe
        ~ juergen > bob; admin | 20d 10:45 | kostenaufstellung.csv
        Lieber Bob,

        die Fenster sind drin, die Fugen sind zu, und die Flöhe hatte nur der Hund. Anbei die Kostenaufstellung; bei der Position „Sonstiges“ handelt es sich um Kuchen für die Handwerker, das war es wert.

        Herzliche Grüße, auch an Ada
        Jürgen Groß
        ~ bob > juergen; admin | 19d 08:20
        Lieber Jürgen,

        Kuchen ist keine sonstige, sondern eine tragende Position. Wird sofort überwiesen.

        Bob

        = Une place à l'ombre
        ~ camille > alice | 6d 14:30
        Chère Alice,

        la mairie a dit oui ! Trois tilleuls, un banc circulaire, et la fontaine qu'on croyait perdue coule de nouveau. Le maire veut t'appeler lui-même ; fais semblant d'être surprise.

        À très bientôt,
        Camille
        ~ alice > camille | 6d 15:05 | | html
        Chère Camille,

        je serai **très** surprise. Quelle joie, et bravo à toi : sans ton dossier, pas un seul tilleul.

        Alice

        = Zażółć gęślą jaźń: test of the plotter fonts
        ~ kaito > bob, admin | 44d 15:22
        The plotter at our place could not print Polish street names, so I sent it this sentence until it could. It now also does Łódź, Průhonice, Kőszeg, Şişli and Þingvellir. If yours stumbles, the trick is in the font list, third menu.

        🙂🙃🤝🏽👩‍🌾🏳️ were printed as well, though nobody had asked.
        """#
}
