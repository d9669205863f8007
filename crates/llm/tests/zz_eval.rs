use elenchus_llm::*;
use futures_util::StreamExt;
fn norm(s: &str) -> String { s.to_lowercase().replace(['’','‘'], "'").split_whitespace().collect::<Vec<_>>().join(" ") }
#[tokio::test]
async fn eval() {
    let d = std::fs::read_to_string("/tmp/eval.tsv").unwrap();
    let (mut right, mut none, mut wrong, mut noguess, mut unans, mut has) = (0,0,0,0,0,0);
    for block in d.split("\x1e").filter(|b| !b.trim().is_empty()) {
        let mut f = block.split('\x1f');
        let q = f.next().unwrap().trim().to_owned(); let a = f.next().unwrap().to_owned();
        let passages: Vec<Passage> = f.map(|t| { let (s,t)=t.split_once('\x1d').unwrap(); Passage{source:s.into(),text:t.into(),..Default::default()} }).collect();
        let holds = !a.is_empty() && passages.iter().any(|p| norm(&p.text).contains(&norm(&a)));
        let ev: Vec<_> = Extractive.answer(Prompt{question:q.clone(),history:vec![],passages}).collect().await;
        let quotes: Vec<String> = ev.into_iter().filter_map(|e| match e.unwrap() { ModelEvent::Citation(c)=>Some(c.quote), _=>None }).collect();
        if a.is_empty() { unans+=1; if quotes.is_empty() {noguess+=1} else {eprintln!("GUESS {q}\n   {quotes:?}")} continue; }
        if holds {has+=1}
        let all = norm(&quotes.join(" "));
        if quotes.is_empty() { none+=1; eprintln!("NONE  {q} (holds {holds}) want {a}") } else if all.contains(&norm(&a)) {right+=1} else {wrong+=1; eprintln!("WRONG {q} (holds {holds})\n   want {a}\n   got {quotes:?}")}
    }
    eprintln!("right {right} none {none} wrong {wrong} holds {has}; unanswerable refused {noguess}/{unans}");
}
