define internal ptr @reduce_at(ptr %ctx, i64 %more) {
  %fiber = call ptr @fiber(ptr %ctx)
  %n.at = getelementptr i8, ptr %fiber, i64 56
  %n = load i64, ptr %n.at
  %m = add i64 %n, %more
  %k = urem i64 %m, 3
  %base = getelementptr i8, ptr %ctx, i64 <<ctx.reduce0>>
  %at = getelementptr i64, ptr %base, i64 %k
  ret ptr %at
}
define internal void @reduce_in(ptr %ctx, i64 %count) {
  %at = call ptr @reduce_at(ptr %ctx, i64 0)
  %old = load i64, ptr %at
  %new = add i64 %old, %count
  store i64 %new, ptr %at
  ret void
}
define internal i64 @reduce_out(ptr %ctx) {
  %at = call ptr @reduce_at(ptr %ctx, i64 0)
  %sum = load i64, ptr %at
  %other = call ptr @reduce_at(ptr %ctx, i64 2)
  store i64 0, ptr %other
  %fiber = call ptr @fiber(ptr %ctx)
  %n.at = getelementptr i8, ptr %fiber, i64 56
  %n = load i64, ptr %n.at
  %n1 = add i64 %n, 1
  store i64 %n1, ptr %n.at
  ret i64 %sum
}
