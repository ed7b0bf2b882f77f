define internal i32 @unaligned(ptr %ctx, i64 %at, i32 %lanes, i64 %least) cold noinline {
entry:
  <<field allocations ptr table>>
  <<field allocation_count i64 count>>
  %mask = sub i64 %least, 1
  br label %search
search:
  %k = phi i64 [0, %entry], [%k1, %on]
  %more = icmp ult i64 %k, %count
  br i1 %more, label %probe, label %bad
probe:
  %o = mul i64 %k, <<ALLOCATION_SIZE>>
  %e = getelementptr i8, ptr %table, i64 %o
  %low = load i64, ptr %e
  %high.at = getelementptr i8, ptr %e, i64 8
  %high = load i64, ptr %high.at
  %rel = sub i64 %at, %low
  %size = sub i64 %high, %low
  %in = icmp ult i64 %rel, %size
  br i1 %in, label %found, label %on
on:
  %k1 = add i64 %k, 1
  br label %search
found:
  %odd = and i64 %rel, %mask
  %fine = icmp eq i64 %odd, 0
  br i1 %fine, label %good, label %bad
good:
  ret i32 0
bad:
  ret i32 %lanes
}
