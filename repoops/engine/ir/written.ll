define internal ptr @owner(ptr %ctx, i64 %address) {
entry:
  %table.at = getelementptr i8, ptr %ctx, i64 <<ctx.allocations>>
  %table = load ptr, ptr %table.at
  %count.at = getelementptr i8, ptr %ctx, i64 <<ctx.allocation_count>>
  %count = load i64, ptr %count.at
  br label %search
search:
  %k = phi i64 [0, %entry], [%k1, %on]
  %more = icmp ult i64 %k, %count
  br i1 %more, label %probe, label %none
probe:
  %o = mul i64 %k, <<ALLOCATION_SIZE>>
  %e = getelementptr i8, ptr %table, i64 %o
  %lo = load i64, ptr %e
  %e8 = getelementptr i8, ptr %e, i64 8
  %hi = load i64, ptr %e8
  %rel = sub i64 %address, %lo
  %span = sub i64 %hi, %lo
  %in = icmp ult i64 %rel, %span
  br i1 %in, label %found, label %on
on:
  %k1 = add i64 %k, 1
  br label %search
found:
  %e16 = getelementptr i8, ptr %e, i64 16
  %shadow = load i64, ptr %e16
  %kept = icmp ne i64 %shadow, 0
  br i1 %kept, label %give, label %none
give:
  ret ptr %e
none:
  ret ptr null
}
define internal void @noted_span(ptr %ctx, i32 %site, i64 %address, i64 %size) noinline {
  %e = call ptr @owner(ptr %ctx, i64 %address)
  %no = icmp eq ptr %e, null
  br i1 %no, label %end, label %mark
mark:
  %lo = load i64, ptr %e
  %e8 = getelementptr i8, ptr %e, i64 8
  %hi = load i64, ptr %e8
  %e16 = getelementptr i8, ptr %e, i64 16
  %shadow = load ptr, ptr %e16
  %e32 = getelementptr i8, ptr %e, i64 32
  %site64 = zext i32 %site to i64
  %site1 = add i64 %site64, 1
  store i64 %site1, ptr %e32
  %rel = sub i64 %address, %lo
  %left = sub i64 %hi, %address
  %short = icmp ult i64 %left, %size
  %n = select i1 %short, i64 %left, i64 %size
  %at = getelementptr i8, ptr %shadow, i64 %rel
  call void @llvm.memset.p0.i64(ptr %at, i8 1, i64 %n, i1 false)
  br label %end
end:
  ret void
}
define internal void @noted_write(ptr %ctx, i32 %site, <32 x i64> %address, i32 %mask, i64 %size) noinline {
entry:
  %spill = alloca <32 x i64>
  store <32 x i64> %address, ptr %spill
  br label %lane
lane:
  %todo = phi i32 [%mask, %entry], [%todo1, %one]
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
  call void @noted_span(ptr %ctx, i32 %site, i64 %a, i64 %size)
  br label %lane
end:
  ret void
}
declare ptr @memchr(ptr, i32, i64)
define internal i1 @noted_gap(ptr %ctx, i64 %address, i64 %size) noinline {
  %e = call ptr @owner(ptr %ctx, i64 %address)
  %no = icmp eq ptr %e, null
  br i1 %no, label %none, label %look
look:
  %lo = load i64, ptr %e
  %e8 = getelementptr i8, ptr %e, i64 8
  %hi = load i64, ptr %e8
  %e16 = getelementptr i8, ptr %e, i64 16
  %shadow = load ptr, ptr %e16
  %rel = sub i64 %address, %lo
  %left = sub i64 %hi, %address
  %short = icmp ult i64 %left, %size
  %n = select i1 %short, i64 %left, i64 %size
  %at = getelementptr i8, ptr %shadow, i64 %rel
  %hole = call ptr @memchr(ptr %at, i32 0, i64 %n)
  %gap = icmp ne ptr %hole, null
  ret i1 %gap
none:
  ret i1 false
}
define internal void @noted_read(ptr %ctx, i32 %site, <32 x i64> %address, i32 %mask, i64 %size) noinline {
entry:
  %spill = alloca <32 x i64>
  store <32 x i64> %address, ptr %spill
  br label %lane
lane:
  %todo = phi i32 [%mask, %entry], [%todo1, %next]
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
  %e = call ptr @owner(ptr %ctx, i64 %a)
  %no = icmp eq ptr %e, null
  br i1 %no, label %next, label %look
look:
  %lo = load i64, ptr %e
  %e16 = getelementptr i8, ptr %e, i64 16
  %shadow = load ptr, ptr %e16
  %rel = sub i64 %a, %lo
  %at = getelementptr i8, ptr %shadow, i64 %rel
  %e8 = getelementptr i8, ptr %e, i64 8
  %hi = load i64, ptr %e8
  %left = sub i64 %hi, %a
  %short = icmp ult i64 %left, %size
  %n = select i1 %short, i64 %left, i64 %size
  %hole = call ptr @memchr(ptr %at, i32 0, i64 %n)
  %unset = icmp ne ptr %hole, null
  %this = select i1 %unset, i32 %bit, i32 0
  br label %next
next:
  %hit = phi i32 [0, %one], [%this, %look]
  %bad1 = or i32 %bad, %hit
  br label %lane
end:
  %any = icmp ne i32 %bad, 0
  br i1 %any, label %say, label %done
say:
  call void @report(ptr %ctx, i32 %site, i32 <<kind.uninitialised-global>>, i32 %bad, <32 x i64> %address, i64 0)
  br label %done
done:
  ret void
}
