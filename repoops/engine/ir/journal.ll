define internal ptr @journal_open(ptr %ctx, ptr %about) noinline {
entry:
  %bytes32 = load i32, ptr %about
  %bytes = zext i32 %bytes32 to i64
  %head.at = getelementptr i8, ptr %about, i64 12
  %head32 = load i32, ptr %head.at
  %head = zext i32 %head32 to i64
  <<field journal ptr journal>>
  <<field journal_used i64 used>>
  %after = add i64 %used, %bytes
  %over = icmp ugt i64 %after, <<JOURNAL>>
  br i1 %over, label %full, label %open, !prof !1
full:
  call void @journal_note(ptr %ctx)
  br label %open
open:
  %from = phi i64 [%used, %entry], [0, %full]
  %more = mul i64 %bytes, <<kept>>
  %to = add i64 %from, %more
  store i64 %to, ptr %used.at
  %e = getelementptr i8, ptr %journal, i64 %from
  store ptr %about, ptr %e
  <<field epoch i64 epoch>>
  <<field current i64 current>>
  <<field warp_epochs ptr subs>>
  %sub.at = getelementptr i64, ptr %subs, i64 %current
  %sub = load i64, ptr %sub.at
  %t0 = shl i64 %current, 5
  %t2 = shl i64 %epoch, 32
  %t3 = shl i64 %sub, 48
  %t02 = or i64 %t0, %t2
  %t = or i64 %t02, %t3
  %t.at = getelementptr i8, ptr %e, i64 8
  store i64 %t, ptr %t.at
  %lanes.at = getelementptr i8, ptr %e, i64 16
  call void @llvm.memset.p0.i64(ptr align 8 %lanes.at, i8 0, i64 %head, i1 false)
  ret ptr %e
}
define internal void @journal_each(ptr %ctx, ptr %e, i32 %only, i64 %which) cold noinline {
entry:
  %about = load ptr, ptr %e
  %count.at = getelementptr i8, ptr %about, i64 4
  %count = load i32, ptr %count.at
  %t.at = getelementptr i8, ptr %e, i64 8
  %t = load i64, ptr %t.at
  br label %read
read:
  %k = phi i32 [0, %entry], [%k1, %next]
  %more = icmp ult i32 %k, %count
  br i1 %more, label %one, label %end
one:
  %k64 = zext i32 %k to i64
  %ro = mul i64 %k64, 32
  %r0 = getelementptr i8, ptr %about, i64 %ro
  %r = getelementptr i8, ptr %r0, i64 16
  %group = load i32, ptr %r
  %every = icmp slt i32 %only, 0
  %this = icmp eq i32 %only, %group
  %wanted = or i1 %every, %this
  %group64 = zext i32 %group to i64
  %go = mul i64 %group64, 8
  %m0 = getelementptr i8, ptr %e, i64 %go
  %mask.at = getelementptr i8, ptr %m0, i64 16
  %mask = load i32, ptr %mask.at
  %some = icmp ne i32 %mask, 0
  %do = and i1 %wanted, %some
  br i1 %do, label %call, label %next
call:
  %offset.at = getelementptr i8, ptr %r, i64 4
  %offset = load i32, ptr %offset.at
  %site.at = getelementptr i8, ptr %r, i64 8
  %site = load i32, ptr %site.at
  %slot.at = getelementptr i8, ptr %r, i64 12
  %slot = load i32, ptr %slot.at
  %f0 = getelementptr i8, ptr %r, i64 16
  %f.at = getelementptr ptr, ptr %f0, i64 %which
  %f = load ptr, ptr %f.at
  %uniform = icmp eq i32 %slot, 0
  br i1 %uniform, label %same, label %lanes
same:
  %b.at = getelementptr i8, ptr %m0, i64 20
  %b = load i32, ptr %b.at
  %a = add i32 %b, %offset
  call void %f(ptr %ctx, i32 %site, i32 %a, i32 %mask, i64 %t)
  br label %next
lanes:
  %slot64 = zext i32 %slot to i64
  %v.at = getelementptr i8, ptr %e, i64 %slot64
  %v = load <32 x i32>, ptr %v.at, align 64
  %o.0 = insertelement <32 x i32> poison, i32 %offset, i64 0
  %o = shufflevector <32 x i32> %o.0, <32 x i32> poison, <32 x i32> zeroinitializer
  %av = add <32 x i32> %v, %o
  call void %f(ptr %ctx, i32 %site, <32 x i32> %av, i32 %mask, i64 %t)
  br label %next
next:
  %k1 = add i32 %k, 1
  br label %read
end:
  ret void
}
define internal void @journal_note(ptr %ctx) cold noinline {
entry:
  %ignored = call i64 @journal_chunks(ptr %ctx)
  <<field journal ptr journal>>
  <<field journal_used i64 used>>
  br label %loop
loop:
  %at = phi i64 [0, %entry], [%at1, %one]
  %more = icmp ult i64 %at, %used
  br i1 %more, label %one, label %end
one:
  %e = getelementptr i8, ptr %journal, i64 %at
  call void @journal_each(ptr %ctx, ptr %e, i32 -1, i64 1)
  %about = load ptr, ptr %e
  %bytes32 = load i32, ptr %about
  %bytes = zext i32 %bytes32 to i64
  %at1 = add i64 %at, %bytes
  br label %loop
end:
  store i64 0, ptr %used.at
  %seen.at = getelementptr i8, ptr %ctx, i64 <<ctx.journal_seen>>
  store i64 0, ptr %seen.at
  ret void
}
declare i32 @llvm.vector.reduce.umin.v32i32(<32 x i32>)
declare i32 @llvm.vector.reduce.umax.v32i32(<32 x i32>)
define internal i64 @journal_chunks(ptr %ctx) cold noinline {
entry:
  <<field journal ptr journal>>
  <<field journal_used i64 used>>
  <<field journal_seen i64 seen>>
  <<field read_chunks i64 old>>
  <<field chunk_shift i64 shift64>>
  %shift = trunc i64 %shift64 to i32
  br label %loop
loop:
  %at = phi i64 [%seen, %entry], [%at1, %done]
  %all = phi i64 [%old, %entry], [%all1, %done]
  %more = icmp ult i64 %at, %used
  br i1 %more, label %one, label %end
one:
  %e = getelementptr i8, ptr %journal, i64 %at
  %about = load ptr, ptr %e
  %bytes32 = load i32, ptr %about
  %bytes = zext i32 %bytes32 to i64
  %at1 = add i64 %at, %bytes
  %reads.at = getelementptr i8, ptr %about, i64 4
  %reads32 = load i32, ptr %reads.at
  %reads = zext i32 %reads32 to i64
  %groups.at = getelementptr i8, ptr %about, i64 8
  %groups32 = load i32, ptr %groups.at
  %groups = zext i32 %groups32 to i64
  %skip = mul i64 %reads, 32
  %g0 = getelementptr i8, ptr %about, i64 %skip
  %first = getelementptr i8, ptr %g0, i64 16
  br label %group
group:
  %k = phi i64 [0, %one], [%k1, %next]
  %all1 = phi i64 [%all, %one], [%all2, %next]
  %left = icmp ult i64 %k, %groups
  br i1 %left, label %ask, label %done
ask:
  %go = mul i64 %k, 16
  %g = getelementptr i8, ptr %first, i64 %go
  %slot = load i32, ptr %g
  %low.at = getelementptr i8, ptr %g, i64 4
  %low = load i32, ptr %low.at
  %high.at = getelementptr i8, ptr %g, i64 8
  %high = load i32, ptr %high.at
  %mo = mul i64 %k, 8
  %m0 = getelementptr i8, ptr %e, i64 %mo
  %mask.at = getelementptr i8, ptr %m0, i64 16
  %mask = load i32, ptr %mask.at
  %nobody = icmp eq i32 %mask, 0
  br i1 %nobody, label %next, label %where
where:
  %uniform = icmp eq i32 %slot, 0
  br i1 %uniform, label %same, label %lanes
same:
  %b.at = getelementptr i8, ptr %m0, i64 20
  %b = load i32, ptr %b.at
  br label %mark
lanes:
  %slot64 = zext i32 %slot to i64
  %v.at = getelementptr i8, ptr %e, i64 %slot64
  %v = load <32 x i32>, ptr %v.at, align 64
  %l = bitcast i32 %mask to <32 x i1>
  %v.low = select <32 x i1> %l, <32 x i32> %v, <32 x i32> splat (i32 -1)
  %v.high = select <32 x i1> %l, <32 x i32> %v, <32 x i32> zeroinitializer
  %least = call i32 @llvm.vector.reduce.umin.v32i32(<32 x i32> %v.low)
  %most = call i32 @llvm.vector.reduce.umax.v32i32(<32 x i32> %v.high)
  br label %mark
mark:
  %from = phi i32 [%b, %same], [%least, %lanes]
  %to = phi i32 [%b, %same], [%most, %lanes]
  %from1 = add i32 %from, %low
  %to1 = add i32 %to, %high
  %under = icmp ugt i32 %from1, %to1
  %c0 = lshr i32 %from1, %shift
  %c1 = lshr i32 %to1, %shift
  %c0.m = call i32 @llvm.umin.i32(i32 %c0, i32 63)
  %c1.m = call i32 @llvm.umin.i32(i32 %c1, i32 63)
  %c0.64 = zext i32 %c0.m to i64
  %c1.64 = zext i32 %c1.m to i64
  %c1.r = sub i64 63, %c1.64
  %upper = shl i64 -1, %c0.64
  %lower = lshr i64 -1, %c1.r
  %both = and i64 %upper, %lower
  %bits = select i1 %under, i64 -1, i64 %both
  br label %next
next:
  %new = phi i64 [0, %ask], [%bits, %mark]
  %all2 = or i64 %all1, %new
  %k1 = add i64 %k, 1
  br label %group
done:
  br label %loop
end:
  store i64 %all, ptr %old.at
  store i64 %used, ptr %seen.at
  ret i64 %all
}
declare i32 @llvm.umin.i32(i32, i32)
define internal void @journal_alone(ptr %ctx, ptr %about, <32 x i32> %offset, i32 %mask) cold noinline {
  %e = call ptr @journal_open(ptr %ctx, ptr %about)
  %mask.at = getelementptr i8, ptr %e, i64 16
  store i32 %mask, ptr %mask.at
  %v.at = getelementptr i8, ptr %e, i64 64
  store <32 x i32> %offset, ptr %v.at, align 64
  call void @journal_each(ptr %ctx, ptr %e, i32 0, i64 0)
  ret void
}
define internal void @journal_drop(ptr %ctx) {
  %used.at = getelementptr i8, ptr %ctx, i64 <<ctx.journal_used>>
  store i64 0, ptr %used.at
  %seen.at = getelementptr i8, ptr %ctx, i64 <<ctx.journal_seen>>
  store i64 0, ptr %seen.at
  %chunks.at = getelementptr i8, ptr %ctx, i64 <<ctx.read_chunks>>
  store i64 0, ptr %chunks.at
  ret void
}
