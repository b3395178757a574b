import Foundation

// conformance mime [FOLDER]: compares the message parser with a corpus, field by field. Exit code 1 below 98 %.
// conformance sieve [FOLDER…]: compares the Sieve interpreter with Pigeonhole's, test by test. Exit code 1 below 98 %.

let arguments = CommandLine.arguments.dropFirst()
if arguments.first == "sieve" { try compareSieve(Array(arguments.dropFirst())) }
guard arguments.first == "mime" else {
    print("usage: conformance mime [--all] [FOLDER]\n       conformance sieve [--all] [FOLDER…]")
    exit(64)
}
let showsAll = arguments.contains("--all")
let path = arguments.dropFirst().first { !$0.hasPrefix("--") } ?? "../shared/corpora/mail"
let folder = URL(filePath: path)
guard FileManager.default.fileExists(atPath: folder.appending(path: "ORACLE.jsonl").path) else {
    print("skipped: no corpus at \(path)")
    exit(0)
}
let oracle = try MailOracle(folder: folder)
for miss in oracle.disagreements.prefix(showsAll ? .max : 20) {
    print("\(miss.field)  \(miss.path)\n    expected \(miss.expected)\n    ours     \(miss.ours)")
    if let judgement = miss.judgement { print("    judged   \(judgement)") }
}
func column(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
print("\nfield        compared   agreed   judged         %")
var isPassed = true
for field in MailOracle.fields + ["mbox"] {
    let score = oracle.scores[field] ?? MailOracle.Score()
    if score.percent < 98 { isPassed = false }
    let name = field.padding(toLength: 12, withPad: " ", startingAt: 0)
    let judged = oracle.disagreements.count { $0.field == field && $0.judgement != nil }
    print(name + column("\(score.compared)", 9) + column("\(score.agreed)", 9) + column("\(judged)", 9) + column(String(format: "%.2f", score.percent), 10))
}
exit(isPassed ? 0 : 1)
