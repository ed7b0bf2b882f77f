define internal i32 @locate(ptr %ctx, ptr %table, i64 %count, i32 %site, <32 x i64> %address, i32 %mask, i64 %size, i64 %below) cold noinline {
entry:
  <<field caches ptr caches>>
  %site64 = zext i32 %site to i64
  %cache.o = mul i64 %site64, <<CACHE_SIZE>>
  %cache = getelementptr i8, ptr %caches, i64 %cache.o
  %cache8 = getelementptr i8, ptr %cache, i64 8
  %spill = alloca <32 x i64>
  store <32 x i64> %address, ptr %spill
  br label %lane
lane:
  %todo = phi i32 [%mask, %entry], [%todo1, %next]
  %good = phi i32 [0, %entry], [%good1, %next]
  %null = phi i32 [0, %entry], [%null1, %next]
  %bad = phi i32 [0, %entry], [%bad1, %next]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %bit = shl i32 1, %l
  %unbit = xor i32 %bit, -1
  %todo1 = and i32 %todo, %unbit
  %l64 = zext i32 %l to i64
  %a.at = getelementptr i64, ptr %spill, i64 %l64
  %a = load i64, ptr %a.at
  br label %search
search:
  %k = phi i64 [0, %one], [%k1, %on]
  %searching = icmp ult i64 %k, %count
  br i1 %searching, label %probe, label %missed
probe:
  %e.o = mul i64 %k, <<ALLOCATION_SIZE>>
  %e = getelementptr i8, ptr %table, i64 %e.o
  %lo = load i64, ptr %e
  %e8 = getelementptr i8, ptr %e, i64 8
  %hi = load i64, ptr %e8
  %rel = sub i64 %a, %lo
  %span = sub i64 %hi, %lo
  %fits = icmp uge i64 %span, %size
  %room.0 = sub i64 %span, %size
  %room = add i64 %room.0, 1
  %in = icmp ult i64 %rel, %room
  %ok = and i1 %fits, %in
  br i1 %ok, label %found, label %on
on:
  %k1 = add i64 %k, 1
  br label %search
found:
  store i64 %lo, ptr %cache
  store i64 %room, ptr %cache8
  %good.f = or i32 %good, %bit
  br label %next
missed:
  %low = icmp ult i64 %a, %below
  %null.m0 = select i1 %low, i32 %bit, i32 0
  %bad.m0 = select i1 %low, i32 0, i32 %bit
  %null.m = or i32 %null, %null.m0
  %bad.m = or i32 %bad, %bad.m0
  br label %next
next:
  %good1 = phi i32 [%good.f, %found], [%good, %missed]
  %null1 = phi i32 [%null, %found], [%null.m, %missed]
  %bad1 = phi i32 [%bad, %found], [%bad.m, %missed]
  br label %lane
end:
  %nulls = icmp ne i32 %null, 0
  br i1 %nulls, label %say.null, label %bads
say.null:
  call void @report(ptr %ctx, i32 %site, i32 <<kind.null>>, i32 %null, <32 x i64> %address, i64 0)
  br label %bads
bads:
  %some = icmp ne i32 %bad, 0
  br i1 %some, label %say.bad, label %done
say.bad:
  call void @report(ptr %ctx, i32 %site, i32 <<kind.out-of-bounds>>, i32 %bad, <32 x i64> %address, i64 0)
  br label %done
done:
  ret i32 %good
}
