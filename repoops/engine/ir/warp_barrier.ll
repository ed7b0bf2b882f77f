define internal void @warp_barrier(ptr %ctx) {
  <<field current i64 current>>
  <<field warp_epochs ptr table>>
  %at = getelementptr i64, ptr %table, i64 %current
  %old = load i64, ptr %at
  %new = add i64 %old, 1
  %cut = and i64 %new, 65535
  store i64 %cut, ptr %at
  ret void
}
