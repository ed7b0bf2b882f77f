define internal void @renew(ptr %ctx) {
  ret void
}
define internal void @journal_drop(ptr %ctx) {
  ret void
}
define internal void @wrap(ptr %ctx) {
  ret void
}
