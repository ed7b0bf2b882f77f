; Before a product: its warp has executed a wgmma.fence, and is one of four.
define internal void @warpgroup_enter(ptr %ctx, i32 %site) noinline {
  %fiber = call ptr @fiber(ptr %ctx)
  %fence.at = getelementptr i8, ptr %fiber, i64 <<fiber.product_fence>>
  %fence = load i64, ptr %fence.at
  %fenced = icmp ne i64 %fence, 0
  br i1 %fenced, label %count, label %bare
bare:
  call void @report(ptr %ctx, i32 %site, i32 <<kind.missing-fence>>, i32 -1, <32 x i64> zeroinitializer, i64 0)
  br label %count
count:
  %count.at = getelementptr i8, ptr %fiber, i64 <<fiber.product_count>>
  %n = load i64, ptr %count.at
  %n1 = add i64 %n, 1
  store i64 %n1, ptr %count.at
  %site.at = getelementptr i8, ptr %fiber, i64 <<fiber.product_site>>
  %site64 = zext i32 %site to i64
  store i64 %site64, ptr %site.at
  <<field current i64 current>>
  <<field warps i64 warps>>
  %last = or i64 %current, 3
  %whole = icmp ult i64 %last, %warps
  br i1 %whole, label %end, label %few
few:
  call void @report(ptr %ctx, i32 %site, i32 <<kind.warpgroup>>, i32 -1, <32 x i64> zeroinitializer, i64 0)
  br label %end
end:
  ret void
}
; A warp ends: the last of its warpgroup asks whether all have had as many products.
define internal void @warpgroup_leave(ptr %ctx) noinline {
entry:
  <<field current i64 current>>
  <<field warps i64 warps>>
  <<field fibers ptr fibers>>
  %base = and i64 %current, -4
  %last = or i64 %current, 3
  %whole = icmp ult i64 %last, %warps
  br i1 %whole, label %loop, label %end
loop:
  %j = phi i64 [0, %entry], [%j1, %on]
  %least = phi i64 [-1, %entry], [%least1, %on]
  %most = phi i64 [0, %entry], [%most1, %on]
  %site = phi i64 [0, %entry], [%site1, %on]
  %w = add i64 %base, %j
  %o = mul i64 %w, <<FIBER_SIZE>>
  %f = getelementptr i8, ptr %fibers, i64 %o
  %status.at = getelementptr i8, ptr %f, i64 <<fiber.status>>
  %status = load i64, ptr %status.at
  %done = icmp eq i64 %status, <<DONE>>
  %me = icmp eq i64 %w, %current
  %settled = or i1 %done, %me
  br i1 %settled, label %on, label %end
on:
  %n.at = getelementptr i8, ptr %f, i64 <<fiber.product_count>>
  %n = load i64, ptr %n.at
  %s.at = getelementptr i8, ptr %f, i64 <<fiber.product_site>>
  %s = load i64, ptr %s.at
  %fewer = icmp ult i64 %n, %least
  %least1 = select i1 %fewer, i64 %n, i64 %least
  %more = icmp ugt i64 %n, %most
  %most1 = select i1 %more, i64 %n, i64 %most
  %site1 = select i1 %more, i64 %s, i64 %site
  %j1 = add i64 %j, 1
  %again = icmp ult i64 %j1, 4
  br i1 %again, label %loop, label %compare
compare:
  %same = icmp eq i64 %least1, %most1
  br i1 %same, label %end, label %tell
tell:
  %site32 = trunc i64 %site1 to i32
  call void @report(ptr %ctx, i32 %site32, i32 <<kind.warpgroup>>, i32 -1, <32 x i64> zeroinitializer, i64 0)
  br label %end
end:
  ret void
}
