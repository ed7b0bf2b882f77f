define internal void @warp_barrier(ptr %ctx) {
  <<field current i64 current>>
  <<field warp_epochs ptr table>>
  <<field warp_fulls ptr fulls>>
  %at = getelementptr i64, ptr %table, i64 %current
  %full.at = getelementptr i64, ptr %fulls, i64 %current
  %old = load i64, ptr %at
  %new = add i64 %old, 1
  store i64 %new, ptr %at
  store i64 %new, ptr %full.at
  ret void
}
